"""What a ranker keeps, all of it in memory."""

from __future__ import annotations

from services.ranker.journalling import RankingKeeper
from services.ranker.replaying import Past, Replayer
from services.ranker.reverting import RevertRpcs
from services.ranker.servicer import Kept
from services.ranker.storage.in_memory import InMemoryJournal
from services.ranker.storage.in_memory_insight import InMemoryInsights
from services.ranker.storage.in_memory_rankings import InMemoryRankings
from services.ranker.storage.past_models import PastModels

NOW_US = 1_800_000_000_000_000


def keep(log, replica, catalogue, snapshots, definitions, rankings=None, journal=None):
    """Make what a servicer keeps; `definitions` finds those of a bundle."""
    rankings = rankings or InMemoryRankings()
    journal = journal or InMemoryJournal()
    past = Past(journal, rankings, PastModels(log, snapshots), definitions)
    reverting = RevertRpcs(log, catalogue, lambda: NOW_US)
    keeper, replayer = RankingKeeper(rankings), Replayer(catalogue, past)
    return Kept(journal, log, replica, keeper, replayer, reverting, InMemoryInsights(log))

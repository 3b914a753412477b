"""What a ranker keeps, all of it in memory."""

from __future__ import annotations

from services.ranker.journalling import RankingKeeper
from services.ranker.replaying import Past, Replayer
from services.ranker.servicer import Kept
from services.ranker.storage.in_memory import InMemoryJournal
from services.ranker.storage.in_memory_rankings import InMemoryRankings
from services.ranker.storage.past_models import PastModels


def keep(log, replica, catalogue, snapshots, definitions, rankings=None, journal=None):
    """Make what a servicer keeps; `definitions` finds those of a bundle."""
    rankings = rankings or InMemoryRankings()
    journal = journal or InMemoryJournal()
    past = Past(journal, rankings, PastModels(log, snapshots), definitions)
    return Kept(journal, log, replica, RankingKeeper(rankings), Replayer(catalogue, past))

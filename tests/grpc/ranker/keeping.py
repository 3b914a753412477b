"""What a ranker keeps, all of it in memory."""

from __future__ import annotations

from services.ranker.boosting_rpcs import Boosting
from services.ranker.calibrating import Calibrating
from services.ranker.hindsight import Hindsight
from services.ranker.history import HistoryTrainer
from services.ranker.journalling import RankingKeeper
from services.ranker.kept import Kept
from services.ranker.policies import Policies
from services.ranker.replaying import Past, Replayer
from services.ranker.reverting import RevertRpcs
from services.ranker.storage.booster_replica import BoosterReplica
from services.ranker.storage.boosters import Boosters, InMemoryBoosterPointers
from services.ranker.storage.in_memory import InMemoryJournal
from services.ranker.storage.in_memory_insight import InMemoryInsights
from services.ranker.storage.in_memory_rankings import InMemoryRankings
from services.ranker.storage.outcomes import gathered
from services.ranker.storage.past_models import PastModels
from shared.bus import InMemoryBus
from tests.unit.ranker.shop import definitions as definitions_of_the_shop

NOW_US = 1_800_000_000_000_000
FAR_US = 1 << 60


def keep(
    log,
    replica,
    catalogue,
    snapshots,
    definitions,
    rankings=None,
    journal=None,
    boosters=None,
    now_us=lambda: FAR_US,
):
    """Make what a servicer keeps; `definitions` finds those of a bundle."""
    rankings = rankings or InMemoryRankings()
    journal = journal or InMemoryJournal()
    boosters = boosters or Boosters(InMemoryBoosterPointers(), None)
    boosting = Boosting(log, BoosterReplica(InMemoryBus(), boosters), lambda: 0)
    past = Past(journal, rankings, PastModels(log, snapshots), definitions, boosters)
    reverting = RevertRpcs(log, catalogue, lambda: NOW_US)
    policies = Policies(
        catalogue, past, InMemoryOutcomes(log), snapshots, lambda: replica.model, lambda: FAR_US
    )
    keeper, replayer = RankingKeeper(rankings), Replayer(catalogue, past)
    insights = InMemoryInsights(log)
    active = definitions_of_the_shop()
    history_log = InMemoryHistoryLog(log)
    trainer = HistoryTrainer(catalogue, lambda: active, lambda: replica.model, history_log)
    return Kept(
        journal,
        log,
        replica,
        keeper,
        replayer,
        policies,
        reverting,
        insights,
        boosting,
        Calibrating(Hindsight(log, snapshots, now_us), boosting.replica),
        trainer,
    )


class InMemoryHistoryLog:
    """A `HistoryLog` on a log in memory."""

    def __init__(self, log):
        self._log = log

    async def key(self):
        return b"key"

    async def append(self, showings):
        number = await self._log.written()
        known = {each.row.decision_id for each in await self._log.rows_after(0, 1_000_000)}
        new = [row for rows in showings if rows[0].decision_id not in known for row in rows]
        self._log.extend(new)
        return number, len(new)


class InMemoryOutcomes:
    """`Outcomes` of a log in memory."""

    def __init__(self, log):
        self._log = log

    async def of(self, decision_id):
        rows = [each.row for each in await self._log.rows_after(0, 1_000_000)]
        theirs = [row for row in rows if row.decision_id == decision_id]
        return gathered((row.placement, row.offer_no, row.outcome) for row in theirs)

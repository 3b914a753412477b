"""What the rpcs of the ranker work on: what is kept and learned, and what reports on it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from services.ranker.boosting_rpcs import Boosting
from services.ranker.calibrating import Calibrating
from services.ranker.domain.insight.answered import InsightStore
from services.ranker.domain.journal import Journal
from services.ranker.domain.learning_log import LearningLog
from services.ranker.domain.meeting import Meetings
from services.ranker.experimenting import Experimenter
from services.ranker.history import HistoryTrainer
from services.ranker.journalling import RankingKeeper
from services.ranker.measuring import Measurer
from services.ranker.policies import Policies
from services.ranker.replaying import Replayer
from services.ranker.reverting import RevertRpcs
from services.ranker.storage.replica import ModelReplica


@dataclass(frozen=True, slots=True)
class Kept:
    """What the ranker keeps: decisions, what was learned of them, and the model made of that."""

    journal: Journal
    log: LearningLog
    replica: ModelReplica
    keeper: RankingKeeper
    replayer: Replayer
    policies: Policies
    reverting: RevertRpcs
    insights: InsightStore
    boosting: Boosting
    calibrating: Calibrating
    trainer: HistoryTrainer
    meetings: Meetings = field(default_factory=Meetings)
    """Of the people that something was ranked for."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What takes its time, so that requests do not wait for it."""

    results: Measurer
    experiments: Experimenter
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whichever is made: two of them would take twice the memory."""

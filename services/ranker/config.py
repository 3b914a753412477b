"""Settings of the ranker; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.config import ServiceSettings, setting


@dataclass(frozen=True, slots=True)
class RankerSettings(ServiceSettings):
    """What the ranker is told at its start."""

    service: ClassVar[str] = "ranker"

    journal_days: int = setting(
        env="TOUCHPOINT_JOURNAL_DAYS", default=90, help="days for which a decision's head is kept"
    )
    showings_per_day: int = setting(
        env="TOUCHPOINT_SHOWINGS_PER_DAY",
        default=200,
        help="showings of one person that teach per business day, so that nobody teaches alone",
    )
    decision_patience_s: float = setting(
        env="TOUCHPOINT_DECISION_PATIENCE_S",
        default=60.0,
        help="seconds that an answer waits for its decision before it is put aside",
    )

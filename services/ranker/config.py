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

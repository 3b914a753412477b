"""Settings of the ranker; the only reader of its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from services.ranker.domain.answers import DAY_US, TeachingTerms
from shared.config import ServiceSettings
from shared.declaring import setting

_MOST_DAYS = 90


def _days(text: str) -> float:
    days = float(text)
    if not 0.0 < days <= _MOST_DAYS:
        raise ValueError(f"must be above 0 and at most {_MOST_DAYS}")
    return days


@dataclass(frozen=True, slots=True)
class RankerSettings(ServiceSettings):
    """What the ranker is told at its start."""

    service: ClassVar[str] = "ranker"

    journal_days: int = setting(
        env="TOUCHPOINT_JOURNAL_DAYS", default=90, help="days for which a decision's head is kept"
    )
    journal_input_days: int = setting(
        env="TOUCHPOINT_JOURNAL_INPUT_DAYS",
        default=7,
        help="days for which is kept what a decision was ranked from, some kilobytes each; 0: not",
    )
    showings_per_day: int = setting(
        env="TOUCHPOINT_SHOWINGS_PER_DAY",
        default=200,
        help="showings of one person that teach per business day, so that nobody teaches alone",
    )
    acceptances_per_day: int = setting(
        env="TOUCHPOINT_ACCEPTANCES_PER_DAY",
        default=20,
        help="acceptances of one person that teach per business day, likewise",
    )
    credit_window_days: float = setting(
        env="TOUCHPOINT_CREDIT_WINDOW_DAYS",
        default=7.0,
        parse=_days,
        help="days from being seen in which a purchase still teaches, though late after the first",
    )
    credit_half_life_days: float = setting(
        env="TOUCHPOINT_CREDIT_HALF_LIFE_DAYS",
        default=2.0,
        parse=_days,
        help="days in which what such a late purchase teaches halves",
    )
    decision_patience_s: float = setting(
        env="TOUCHPOINT_DECISION_PATIENCE_S",
        default=60.0,
        help="seconds that an answer waits for its decision before it is put aside",
    )

    @property
    def teaching_terms(self) -> TeachingTerms:
        """How much one person may teach, and what comes late still counts."""
        return TeachingTerms(
            self.showings_per_day,
            self.acceptances_per_day,
            int(self.credit_window_days * DAY_US),
            int(self.credit_half_life_days * DAY_US),
        )

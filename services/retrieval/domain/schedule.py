"""When training happens by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.retrieval.domain.models import Attempt, Kept

_MICROS = 1_000_000
_UTC = ZoneInfo("UTC")
_HELD = "the newest model was taken back: it would be made again; `touchpoint train` ends this"
_OFF = "TOUCHPOINT_TRAIN_EVERY is off"
_AGAIN_AFTER_S = 600.0
_MOST_DOUBLINGS = 20


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often, and at which hour of the shop."""

    every_s: float
    """Seconds of business time; 0: never."""
    at: time | None = None
    """Not before this time of the day; None: at any."""
    zone: ZoneInfo = _UTC
    fewest_new: int = 500
    """Events without which there is little to learn."""

    def rests(self, kept: Kept) -> str:
        """Say why nothing is trained by itself; empty: it is."""
        if not self.every_s:
            return _OFF
        return _HELD if kept.is_held else ""

    def due_us(self, kept: Kept, attempt: Attempt) -> int:
        """Return when the next one is due; 0: at once, since there is no model yet.

        One that broke off is tried again after ten minutes, then after twice that, until it is
        tried as seldom as one that succeeds: what lacks memory would be begun for ever.
        """
        if (failures := failures_of(kept, attempt)) > 0:
            again_s = _AGAIN_AFTER_S * 2 ** min(failures - 1, _MOST_DOUBLINGS)
            if again_s < self.every_s or not kept.models:
                return attempt.tried_us + int(min(again_s, self.every_s) * _MICROS)
        if not kept.models:
            return 0
        last_us = max(attempt.tried_us, *(each.trained_us for each in kept.models))
        due_us = last_us + int(self.every_s * _MICROS)
        return due_us if self.at is None else self._at_hour(last_us, due_us)

    def _at_hour(self, last_us: int, due_us: int) -> int:
        """Return the hour before, or the one after where that is less than half the way there."""
        assert self.at is not None
        due = datetime.fromtimestamp(due_us / _MICROS, UTC).astimezone(self.zone)
        today = datetime.combine(due.date(), self.at, self.zone)
        hour = today if today <= due else today - timedelta(days=1)
        while (found_us := round(hour.timestamp() * _MICROS)) < (last_us + due_us) // 2:
            hour += timedelta(days=1)
        return found_us


def failures_of(kept: Kept, attempt: Attempt) -> int:
    """Return how many trainings in a row broke off since the last model was made."""
    is_answered = any(each.trained_us > attempt.tried_us for each in kept.models)
    return 0 if is_answered else attempt.failures


def position_of(kept: Kept, attempt: Attempt) -> int:
    """Return the position of the log after which everything is new."""
    return max(attempt.log_position, *(each.log_position for each in kept.models), 0)

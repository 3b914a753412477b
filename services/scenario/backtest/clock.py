"""Business time that goes as the played events go."""

from __future__ import annotations

from datetime import datetime, timedelta

from shared.clock import from_us
from shared.errors import FailedPrecondition


class PlayedClock:
    """A `BusinessClock` that whoever plays sets forward."""

    offset_us = 0

    def __init__(self, now_us: int = 0) -> None:
        self._now_us = now_us

    def now(self) -> datetime:
        return from_us(self._now_us)

    def now_us(self) -> int:
        return self._now_us

    def set(self, now_us: int) -> None:
        """Let it be so late; it never goes back."""
        self._now_us = max(now_us, self._now_us)

    async def move(self, by: timedelta) -> datetime:
        raise FailedPrecondition("played time goes by its events", reason="NOT_DEV")

"""A business clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.clock import from_us, refuse_move, to_us

_START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class FakeClock:
    """See `BusinessClock`; a Monday noon unless told otherwise."""

    def __init__(self, start: datetime = _START, *, development: bool = True) -> None:
        self.offset_us = 0
        self._us = to_us(start)
        self._development = development

    def now(self) -> datetime:
        return from_us(self._us)

    def now_us(self) -> int:
        return self._us

    async def move(self, by: timedelta) -> datetime:
        refuse_move(by, self._development)
        self.advance(by)
        self.offset_us += by // timedelta(microseconds=1)
        return self.now()

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self._us += by // timedelta(microseconds=1)

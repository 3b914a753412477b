"""Business time: what timers, windows, decay and quiet hours go by.

Machine time (leases, time-outs, deadlines, retries) is `time.monotonic` here and
`clock_timestamp()` in the database; it is never moved.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FARTHEST = timedelta(days=3653)


def to_us(instant: datetime) -> int:
    """Return whole microseconds since 1970 of an aware `instant`."""
    return (instant - _EPOCH) // _MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return the UTC instant of whole microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


class BusinessClock(Protocol):
    """Database time plus one offset that only grows; equal on every replica within milliseconds."""

    def now(self) -> datetime:
        """Return the instant in UTC."""
        ...

    def now_us(self) -> int:
        """Return microseconds since 1970; never less than an earlier answer of this clock."""
        ...

    @property
    def offset_us(self) -> int:
        """Microseconds that business time is ahead of database time."""
        ...

    async def move(self, by: timedelta) -> datetime:
        """Move the whole suite forward and return the new instant.

        Raises `InvalidArgument` unless `by` is positive, `FailedPrecondition` outside development.
        """
        ...


def refuse_move(by: timedelta, development: bool) -> None:
    """Raise unless the clock may be moved by that much; see `BusinessClock.move`."""
    if not development:
        raise FailedPrecondition("the clock can be moved in development only", reason="NOT_DEV")
    if not timedelta() < by <= _FARTHEST:
        violation = FieldViolation("by", "must be more than nothing and at most 10 years")
        raise InvalidArgument([violation])

"""Moments of a person's own day, and a journey's chances, the same whoever computes them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from hashlib import blake2b
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.clock import from_us, to_us

MONDAY_TO_FRIDAY = frozenset(range(5))
"""Days of the week on which people work where nothing else is said, Monday is 0."""
_HOUR_US = 3_600_000_000
_NOON_MIN = 12 * 60
_APART_MIN = 4 * 60
_EARLIEST_MIN, _LATEST_MIN = 9 * 60, 20 * 60
"""Of the day at which somebody is tried again who was not reached."""
_LONGEST_DAYS = 400
"""Of looking for a working day: a list of holidays may be wrong."""


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A moment of the person's own day."""

    minute: int
    """Of the day, 0 to 1439."""
    working_day: bool = False
    after_us: int = 0


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """In which agents work, in minutes of a day of the deployment."""

    begins: int = 9 * 60
    ends: int = 18 * 60
    """Not worked any more."""


USUAL_HOURS = WorkingHours()
"""Where nothing else is said."""


def next_moment(
    wanted: LocalTime,
    from_moment_us: int,
    zone: str,
    holidays: Collection[str],
    weekdays: Collection[int] = MONDAY_TO_FRIDAY,
) -> int:
    """Return the first such moment after one, in microseconds.

    A time of day that a change of clocks leaves out is taken as an hour later, one that comes
    twice as the first.
    """
    earliest_us = from_moment_us + wanted.after_us
    place = _zone(zone)
    day = from_us(earliest_us).astimezone(place).date()
    for _ in range(_LONGEST_DAYS):
        if not wanted.working_day or is_working_day(day, holidays, weekdays):
            moment_us = _at(day, wanted.minute, place)
            if moment_us >= earliest_us:
                return moment_us
        day += timedelta(days=1)
    return _at(day, wanted.minute, place)


def another_hour(moment_us: int, zone: str, *, may_be_today: bool) -> int:
    """Return a moment at another hour of the person's day, in microseconds.

    Four hours later where that may still be today, else the next day, four hours apart from now:
    from nine in the morning to eight in the evening.
    """
    place = _zone(zone)
    local = from_us(moment_us).astimezone(place)
    minute, day = local.hour * 60 + local.minute, local.date()
    if may_be_today and minute + _APART_MIN <= _LATEST_MIN:
        return _at(day, max(minute + _APART_MIN, _EARLIEST_MIN), place)
    wanted = minute + (_APART_MIN if minute < _NOON_MIN else -_APART_MIN)
    return _at(day + timedelta(days=1), min(max(wanted, _EARLIEST_MIN), _LATEST_MIN), place)


def local_day(moment_us: int, zone: str) -> str:
    """Return the day of a moment in a time zone: `2026-11-23`."""
    return from_us(moment_us).astimezone(_zone(zone)).date().isoformat()


def day_began_us(moment_us: int, zone: str) -> int:
    """Return when the day of a moment began in a time zone."""
    place = _zone(zone)
    return _at(from_us(moment_us).astimezone(place).date(), 0, place)


def day_of(moment_us: int, zone: str) -> tuple[int, int]:
    """Return when the day of a moment in a time zone begins, and when the next one does."""
    began_us = day_began_us(moment_us, zone)
    # A day has 23 to 25 hours.
    return began_us, day_began_us(began_us + 30 * _HOUR_US, zone)


def is_working_day(
    day: date, holidays: Collection[str], weekdays: Collection[int] = MONDAY_TO_FRIDAY
) -> bool:
    """Say whether people work on a day: one of these of the week, and none of the holidays."""
    return day.weekday() in weekdays and day.isoformat() not in holidays


def is_worked(
    moment_us: int,
    hours: WorkingHours,
    zone: str,
    holidays: Collection[str],
    weekdays: Collection[int] = MONDAY_TO_FRIDAY,
) -> bool:
    """Say whether agents work at a moment; what they do is by the clock of the deployment."""
    local = from_us(moment_us).astimezone(_zone(zone))
    minute = local.hour * 60 + local.minute
    return hours.begins <= minute < hours.ends and is_working_day(local.date(), holidays, weekdays)


def local_hour(moment_us: int, zone: str) -> int:
    """Return the hour of the day of a moment in a time zone, 0 to 23."""
    return local_time(moment_us, zone).hour


def local_time(moment_us: int, zone: str) -> datetime:
    """Return a moment as clocks in a time zone show it."""
    return from_us(moment_us).astimezone(_zone(zone))


def chance(journey: str, stage: int, occurrence: int) -> float:
    """Return a number from 0 to 1, the same for the same step of the same journey.

    `journey` is what a journey is in whatever run of the same events; see `Journey.lot`.
    """
    digest = blake2b(f"{journey}/{stage}/{occurrence}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64


def _at(day: date, minute: int, zone: ZoneInfo) -> int:
    local = datetime.combine(day, time(minute // 60, minute % 60), zone)
    return to_us(local)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")

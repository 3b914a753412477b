"""Days, weeks and hours as people live them: in a time zone, with its changes of the clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_MINUTES_A_DAY = 24 * 60


def find_zone(name: str) -> ZoneInfo:
    """Return an IANA time zone; ValueError with a sentence for anything else."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is no time zone; write Europe/Berlin or UTC") from None


@lru_cache(maxsize=1024)
def zone_or(name: str, default: str) -> ZoneInfo:
    """Return the zone of a person, the default where it is unknown or is none."""
    try:
        return find_zone(name or default)
    except ValueError:
        return find_zone(default)


def local(now_us: int, zone: ZoneInfo) -> datetime:
    """Return an instant as the clock on the wall shows it there."""
    return (_EPOCH + now_us * _MICROSECOND).astimezone(zone)


def day_starts_us(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a local day; where there is no midnight, what took its place."""
    return _us(datetime.combine(day, time(), zone))


def day_of(now_us: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return the first instant of the local day, and of the one after it."""
    today = local(now_us, zone).date()
    return day_starts_us(today, zone), day_starts_us(today + _DAY, zone)


def week_of(now_us: int, zone: ZoneInfo) -> tuple[int, int]:
    """Return the first instant of the local week, which begins on Monday, and of the next one."""
    today = local(now_us, zone).date()
    monday = today - today.weekday() * _DAY
    return day_starts_us(monday, zone), day_starts_us(monday + 7 * _DAY, zone)


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of every day, in minutes since midnight; they may pass it: 21:00 to 8:00."""

    from_minute: int
    until_minute: int

    def holds(self, minute: int) -> bool:
        if self.from_minute < self.until_minute:
            return self.from_minute <= minute < self.until_minute
        return minute >= self.from_minute or minute < self.until_minute


def over_at_us(hours: Iterable[Hours], now_us: int, zone: ZoneInfo) -> int:
    """Return the first instant at which none of the hours holds; 0: none holds now.

    `hours` leave a minute of the day to itself. What holds is what the clock shows: an hour that
    the clock repeats holds twice, and one that it leaves out not at all.
    """
    held = frozenset(hours)
    at_us = now_us
    while any(each.holds(_minute(at_us, zone)) for each in held):
        at_us = _next_minute_us(at_us) if _may_change(at_us, zone) else _leap_us(held, at_us, zone)
    return at_us if at_us != now_us else 0


def cover_the_day(hours: Iterable[Hours]) -> bool:
    """Say whether one of them holds at any minute of the day."""
    held = list(hours)
    return all(any(each.holds(minute) for each in held) for minute in range(_MINUTES_A_DAY))


_MINUTE_US = 60_000_000


def _leap_us(hours: frozenset[Hours], at_us: int, zone: ZoneInfo) -> int:
    """Return where the first of the hours that hold ends, but not beyond a change of the clock."""
    minute = _minute(at_us, zone)
    ahead = min(
        (each.until_minute - minute) % _MINUTES_A_DAY or _MINUTES_A_DAY
        for each in hours
        if each.holds(minute)
    )
    whole_us = at_us - at_us % _MINUTE_US
    for minutes in range(60, ahead, 60):
        if _may_change(whole_us + minutes * _MINUTE_US, zone):
            return whole_us + minutes * _MINUTE_US
    return whole_us + ahead * _MINUTE_US


def _may_change(at_us: int, zone: ZoneInfo) -> bool:
    """Say whether the clock is changed within the hour."""
    return local(at_us, zone).utcoffset() != local(at_us + 60 * _MINUTE_US, zone).utcoffset()


def _next_minute_us(at_us: int) -> int:
    return at_us - at_us % _MINUTE_US + _MINUTE_US


def _minute(at_us: int, zone: ZoneInfo) -> int:
    found = local(at_us, zone)
    return found.hour * 60 + found.minute


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND

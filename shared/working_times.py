"""The parameters of the call centre, and how hours and days of work are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

AGENTS, PER_HOUR = "calls.agents", "calls.per_agent_hour"
HOURS_PER_DAY = "calls.hours_per_day"
WORKING_DAYS, WORKING_HOURS = "calls.working_days", "calls.working_hours"
_WEEK = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
_HOURS = re.compile(r"(\d{1,2})(?::([0-5]\d))?\s*-\s*(\d{1,2})(?::([0-5]\d))?", re.ASCII)
_DAY_MINUTES = 24 * 60
_MOST = 1_000_000


def hours_of(text: str) -> tuple[int, int]:
    """Return the minutes of the day that hours say: `9-17`, `8:30-20:00`; raises ValueError."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} are no hours: write 9-17 or 8:30-20:00")
    begins, ends = (60 * int(found[at]) + int(found[at + 1] or 0) for at in (1, 3))
    if max(begins, ends) > _DAY_MINUTES:
        raise ValueError(f"{text!r} are no hours: a day has 24")
    if begins >= ends:
        raise ValueError(f"{text!r} ends before it begins: hours are those of one day")
    return begins, ends


def days_of(words: Iterable[str]) -> frozenset[int]:
    """Return the days of the week, Monday is 0: `MON`, or `MON-FRI`; raises ValueError."""
    found: set[int] = set()
    for word in words:
        first, _, last = word.upper().partition("-")
        for name in (first, last or first):
            if name not in _WEEK:
                raise ValueError(f"{word!r} is no day: there are {', '.join(_WEEK)}")
        begins, ends = _WEEK.index(first), _WEEK.index(last or first)
        found.update(day % 7 for day in range(begins, ends + 1 + 7 * (ends < begins)))
    return frozenset(found)


def working_days(text: str) -> frozenset[int]:
    """Return the days that a text names, parted by commas or blanks; raises ValueError."""
    found = days_of(text.replace(",", " ").split())
    if not found:
        raise ValueError(f"{text!r} names no day: write MON-FRI, or MON WED FRI")
    return found


def number(text: str) -> float:
    """Read how much or how many, whole or not; raises ValueError."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= _MOST:
        raise ValueError(f"{text!r} is no number from 0 to {_MOST}")
    return found


def promised_minutes(kind: str) -> str:
    """Name the parameter that says within how many minutes somebody takes such a task."""
    return f"{kind}.promised_minutes"


PARAMETERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        **dict.fromkeys((AGENTS, PER_HOUR, HOURS_PER_DAY), number),
        **dict.fromkeys((promised_minutes("call_back"), promised_minutes("chat")), number),
        WORKING_DAYS: working_days,
        WORKING_HOURS: hours_of,
    }
)
"""How each is read; whoever checks definitions reads them as the call centre does."""

"""What was bought and kept, by family: sums and sets only, so that the order never matters."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from operator import sub
from typing import NamedTuple, TypeVar

from services.profile.domain.event import DAY_US, MINUTE_US
from services.profile.domain.making import maker

MAX_FAMILIES = 4_000
MAX_DAYS = 366
"""Days remembered per family: late events find them, so that the order never matters."""
_CYCLE_OF = 32
"""The newest days count for how often something is bought."""
KEPT = 1e-9
"""A quantity above this is kept; sums of fractions do not come out at zero exactly."""


class Ownership(NamedTuple):
    """One family: bought less returned."""

    quantity: float
    last_minute: int
    """Last purchase, minutes since 1970; 0: never."""
    times: int
    """Days on which it was bought, at most `MAX_DAYS`."""
    cycle_days: float
    """Median days between purchases; 0: fewer than three."""
    days: bytes
    """The newest `MAX_DAYS` of those days since 1970, ascending, as 16-bit numbers."""


Owned = dict[int, Ownership]
BoughtCategories = dict[str, Ownership]
"""Leaf categories, counted the same way."""
K = TypeVar("K", int, str)
_NONE = Ownership(0.0, 0, 0, 0.0, b"")
_DAY_BYTES = 2
_OWNERSHIP = maker(Ownership)


def buy(owned: dict[K, Ownership], subject: K, time_us: int, quantity: float) -> None:
    """Add a purchase that was no gift."""
    before, last_minute, times, cycle_days, days = owned.get(subject, _NONE)
    day, minute = time_us // DAY_US, time_us // MINUTE_US
    more = _with_day(days, day)
    if more is not days:
        times = len(more) // _DAY_BYTES
        cycle_days = _cycle_days(more)
    owned[subject] = _OWNERSHIP(
        (before + quantity, max(minute, last_minute), times, cycle_days, more)
    )


def give_back(owned: dict[K, Ownership], subject: K, quantity: float) -> None:
    """Take a return off; one whose purchase arrives later is held against it."""
    known = owned.get(subject, _NONE)
    owned[subject] = known._replace(quantity=known.quantity - quantity)


def merge(into: dict[K, Ownership], other: dict[K, Ownership]) -> None:
    """Add what another person of the set bought."""
    for subject, more in other.items():
        known = into.get(subject)
        into[subject] = more if known is None else _union(known, more)


def prune(owned: dict[K, Ownership], at_most: int = MAX_FAMILIES) -> None:
    """Keep what was bought last."""
    if len(owned) > at_most:
        by_age = sorted(owned, key=lambda subject: (-owned[subject].last_minute, subject))
        for subject in by_age[at_most:]:
            del owned[subject]


def kept(owned: dict[K, Ownership]) -> list[tuple[K, Ownership]]:
    """Return what is owned, most recently bought first."""
    found = [
        (-ownership.last_minute, subject, ownership)
        for subject, ownership in owned.items()
        if ownership.quantity > KEPT and ownership.times
    ]
    found.sort()
    return [(subject, ownership) for _, subject, ownership in found]


def latest(owned: dict[K, Ownership], at_most: int) -> list[tuple[K, Ownership]]:
    """Return what was bought, also if it was given back, most recently first."""
    bought = [(-o.last_minute, subject, o) for subject, o in owned.items() if o.times]
    bought.sort()
    return [(subject, ownership) for _, subject, ownership in bought[:at_most]]


def _with_day(days: bytes, day: int) -> bytes:
    """Return the days with one more, or the very same object when it is known or too old."""
    last = int.from_bytes(days[-_DAY_BYTES:], "little") if days else -1
    if day == last:
        return days
    if day > last:  # nearly always: events come in the order of their time
        return (days + day.to_bytes(_DAY_BYTES, "little"))[-MAX_DAYS * _DAY_BYTES :]
    known = array("H", days)
    place = bisect_left(known, day)
    if place < len(known) and known[place] == day:
        return days
    if place == 0 and len(known) == MAX_DAYS:
        return days
    known.insert(place, day)
    return known[-MAX_DAYS:].tobytes()


def _cycle_days(days: bytes) -> float:
    known = array("H", days[-_CYCLE_OF * _DAY_BYTES :])
    if len(known) < 3:
        return 0.0
    gaps = sorted(map(sub, known[1:], known))
    middle = len(gaps) // 2
    return float(gaps[middle]) if len(gaps) % 2 else (gaps[middle - 1] + gaps[middle]) / 2


def _union(one: Ownership, other: Ownership) -> Ownership:
    both = sorted({*array("H", one.days), *array("H", other.days)})
    days = array("H", both[-MAX_DAYS:]).tobytes()
    return Ownership(
        one.quantity + other.quantity,
        max(one.last_minute, other.last_minute),
        len(days) // _DAY_BYTES,
        _cycle_days(days),
        days,
    )

"""Which snapshots of the model are kept: the newest, and some further back to begin again from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from services.ranker.domain.answers import DAY_US, HOUR_US

NEWEST: Final = 3
HOURLY_US: Final = DAY_US
DAILY_US: Final = 30 * DAY_US
MOST_KEPT: Final = NEWEST + (HOURLY_US // HOUR_US + 1) + (DAILY_US // DAY_US + 1)
"""However many are saved."""


def kept_snapshots(saved_us: Mapping[int, int], now_us: int) -> frozenset[int]:
    """Return which to keep of snapshots, by the row that each was made after and when it was saved.

    The newest three, the first of each hour of the last day and of each day of the last thirty.
    """
    newest = sorted(saved_us, reverse=True)[:NEWEST]
    hourly = _first_of_each(saved_us, HOUR_US, now_us - HOURLY_US)
    daily = _first_of_each(saved_us, DAY_US, now_us - DAILY_US)
    return frozenset({*newest, *hourly, *daily})


def _first_of_each(saved_us: Mapping[int, int], length_us: int, since_us: int) -> Iterable[int]:
    first: dict[int, int] = {}
    for number in sorted(saved_us):
        if saved_us[number] >= since_us:
            first.setdefault(saved_us[number] // length_us, number)
    return first.values()

"""Complaints of the last year, by day."""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping

from services.profile.domain.event import DAY_US

WINDOW_DAYS = 365
MAX_KEPT = 32
_YES = frozenset({"true", "1", "yes", "granted"})
_OVER = frozenset({"closed", "resolved"})

Complaints = list[int]
"""Days since 1970, ascending; each complaint counts, also two of one day."""


def is_over(details: Mapping[str, str]) -> bool:
    """Return whether a `complaint` tells that one was settled, and does not open one."""
    return details.get("status") in _OVER or details.get("resolved", "").lower() in _YES


def add(complaints: Complaints, time_us: int) -> None:
    insort(complaints, time_us // DAY_US)


def merge(into: Complaints, other: Complaints) -> None:
    into.extend(other)
    into.sort()


def prune(complaints: Complaints) -> None:
    """Keep the newest."""
    del complaints[:-MAX_KEPT]


def within_a_year(complaints: Complaints, now_us: int) -> int:
    since = now_us // DAY_US - WINDOW_DAYS
    return sum(day > since for day in complaints)

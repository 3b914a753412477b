"""The latest events of a person over all channels, in the order in which they happened."""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

from services.profile.domain.event import DAY_US

RECENT = 50
MAX_KEPT = 256
KEPT_US = DAY_US
"""Beyond the recent ones, this long before the newest: enough for any session."""
_SLACK = 64


class Entry(NamedTuple):
    """One event; entries compare by time, then by content, so that ties have one order."""

    time_us: int
    type: str
    channel: int
    offer_no: int
    category: str
    session_id: str
    duration_s: float
    reassurance: bool


Log = list[Entry]
"""Oldest first."""


def add(log: Log, entry: Entry) -> None:
    """Add an event where it belongs; old ones go when there are far too many."""
    if not log or entry >= log[-1]:
        log.append(entry)
    else:
        insort(log, entry)
    if len(log) > MAX_KEPT + _SLACK:
        prune(log)


def merge(into: Log, other: Log) -> None:
    into.extend(other)
    into.sort()


def prune(log: Log) -> None:
    """Keep the recent ones, and of those before what a session may still need."""
    if len(log) <= RECENT:
        return
    oldest = log[-1].time_us - KEPT_US
    keep = min(MAX_KEPT, len(log))
    while keep > RECENT and log[-keep].time_us < oldest:
        keep -= 1
    del log[:-keep]


def recent(log: Log) -> list[Entry]:
    """Return the latest events, newest first."""
    return log[: -RECENT - 1 : -1]

"""The latest events of a person over all channels, in the order in which they happened."""

from __future__ import annotations

from typing import NamedTuple

from services.profile.domain.event import DAY_US

RECENT = 50
MAX_KEPT = 256
KEPT_US = DAY_US
"""Beyond the recent ones, this long before the newest: enough for any session."""
SLACK = 64


class Entry(NamedTuple):
    """One event; entries compare by time, then by content, so that ties have one order."""

    time_us: int
    type: str
    channel: int
    offer_no: int
    category: str
    session_id: str
    duration_s: float
    topic: int
    """What a reassuring page is about, a `Topic`."""


Log = list[Entry]
"""Oldest first."""


def merge(into: Log, other: Log) -> None:
    """Put events in their places."""
    into.extend(other)
    into.sort()


def prune(log: Log) -> Log:
    """Keep the recent ones, and of those before what a session may still need; return the rest."""
    if len(log) <= RECENT:
        return []
    oldest = log[-1].time_us - KEPT_US
    keep = min(MAX_KEPT, len(log))
    while keep > RECENT and log[-keep].time_us < oldest:
        keep -= 1
    dropped = log[:-keep]
    del log[:-keep]
    return dropped


def recent(log: Log) -> list[Entry]:
    """Return the latest events, newest first."""
    return log[: -RECENT - 1 : -1]

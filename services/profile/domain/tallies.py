"""How many events of each type there ever were, and what they were worth: what scores stand on."""

from __future__ import annotations

from typing import NamedTuple

MAX_TYPES = 64
_SLACK = 16


class Tally(NamedTuple):
    """All events of one type."""

    events: int
    value_micros: int


Tallies = dict[str, Tally]
NONE = Tally(0, 0)


def add(tallies: Tallies, kind: str, value_micros: int) -> None:
    """Count an event; the rarest types go when there are far too many."""
    known = tallies.get(kind, NONE)
    tallies[kind] = Tally(known.events + 1, known.value_micros + value_micros)
    if len(tallies) > MAX_TYPES + _SLACK:
        prune(tallies)


def merge(into: Tallies, other: Tallies) -> None:
    for kind, more in other.items():
        known = into.get(kind, NONE)
        into[kind] = Tally(known.events + more.events, known.value_micros + more.value_micros)


def prune(tallies: Tallies) -> None:
    """Keep the types of most events: more than these no caller means."""
    if len(tallies) > MAX_TYPES:
        by_events = sorted(tallies, key=lambda kind: (-tallies[kind].events, kind))
        for kind in by_events[MAX_TYPES:]:
            del tallies[kind]

"""What is being shopped for: the last stretch of activity over all channels, and its subject."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from services.profile.domain.event import (
    CART_EDITS,
    MINUTE_US,
    REASSURING,
    SECOND_US,
    SEPARATOR,
    SHOPPING,
)
from services.profile.domain.log import Entry, Log

STRETCH_ENDS_US = 30 * MINUTE_US
SILENCE_US = 5 * MINUTE_US
MAX_ITEMS = 20
_MOST = 2 / 3
"""Of the active time: from this share on a category is what is shopped for."""


class Session(NamedTuple):
    """One stretch of activity without 30 minutes of silence."""

    category: str
    """The deepest path with two thirds of the time spent on anything; empty: none."""
    minutes: float
    """Active time on it."""
    last_offer_no: int
    """The item looked at last within it; 0: none."""
    start_us: int
    last_us: int
    hesitating: bool
    offer_nos: tuple[int, ...]
    """Items looked at, newest first."""
    channel: int
    """The channel of most of the activity."""


def current_session(log: Log) -> Session | None:
    """Return the last stretch in a log, None when it holds no activity."""
    stretch = _last_stretch(log)
    if not stretch:
        return None
    category, minutes = _subject(stretch)
    about_items = [entry for entry in reversed(stretch) if entry.offer_no]
    on_subject = [entry.offer_no for entry in about_items if _within(entry, category)]
    channels = [entry.channel for entry in stretch]
    return Session(
        category,
        minutes,
        on_subject[0] if on_subject else 0,
        stretch[0].time_us,
        stretch[-1].time_us,
        _is_hesitating(stretch),
        tuple(dict.fromkeys([entry.offer_no for entry in about_items]))[:MAX_ITEMS],
        max(sorted(set(channels)), key=channels.count),
    )


def _last_stretch(log: Log) -> list[Entry]:
    """Return its activity, oldest first."""
    stretch: list[Entry] = []
    for entry in reversed(log):
        if entry.type not in SHOPPING:
            continue
        if stretch and stretch[-1].time_us - entry.time_us > STRETCH_ENDS_US:
            break
        stretch.append(entry)
    stretch.reverse()
    return stretch


def _subject(stretch: Sequence[Entry]) -> tuple[str, float]:
    """Return the category of most of the time and the minutes spent on it."""
    on_leaf_us: defaultdict[str, int] = defaultdict(int)
    for entry, following in zip(stretch, [*stretch[1:], None], strict=True):
        if entry.category:
            on_leaf_us[entry.category] += _active_us(entry, following)
    on_path_us: defaultdict[str, int] = defaultdict(int)
    for leaf, active_us in on_leaf_us.items():
        path = leaf
        while path:
            on_path_us[path] += active_us
            path = path.rpartition(SEPARATOR)[0]
    most_us = _MOST * sum(on_leaf_us.values())
    dominant = [path for path, active_us in on_path_us.items() if active_us >= most_us]
    if not dominant:
        return "", 0.0
    category = max(dominant, key=lambda path: (path.count(SEPARATOR), on_path_us[path], path))
    return category, on_path_us[category] / MINUTE_US


def _active_us(entry: Entry, following: Entry | None) -> int:
    """Return how long a person was with something: until the next, a long silence not counted.

    A duration that the channel measured counts also before a silence, but never beyond the next.
    """
    if following is not None:
        gap_us = following.time_us - entry.time_us
        if gap_us <= SILENCE_US:
            return gap_us
        return min(round(entry.duration_s * SECOND_US), gap_us)
    return round(entry.duration_s * SECOND_US)


def _within(entry: Entry, category: str) -> bool:
    return entry.category == category or entry.category.startswith(category + SEPARATOR)


def _is_hesitating(stretch: Sequence[Entry]) -> bool:
    """Say whether a checkout was started and what followed was no purchase but doubt."""
    started = doubted = False
    for entry in stretch:
        if entry.type == "checkout_started":
            started, doubted = True, False
        elif entry.type == "purchase":
            started = doubted = False
        elif started and (
            entry.type in REASSURING or entry.type in CART_EDITS or entry.reassurance
        ):
            doubted = True
    return doubted

"""What is being shopped for: the last stretch of activity over all channels, and its subject."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from services.profile.domain.doubt import Checkout, checkout
from services.profile.domain.event import MINUTE_US, SECOND_US, SEPARATOR, SHOPPING
from services.profile.domain.log import Entry, Log

STRETCH_ENDS_US = 30 * MINUTE_US
SILENCE_US = 5 * MINUTE_US
MAX_ITEMS = 20
_MOST = 2 / 3
"""Of the active time: from this share on a category is what is shopped for."""
_SAID: Mapping[str, str] = MappingProxyType(
    {
        "search": "searches",
        "article_view": "articles",
        "question_asked": "questions",
        "faq_view": "questions",
    }
)


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
    offer_nos: tuple[int, ...]
    """Items looked at, newest first."""
    channel: int
    """The channel of most of the activity."""
    active_minutes: float
    """Active time on anything."""
    counts: Mapping[str, int]
    """Of `searches`, `articles` and `questions`."""
    checkout: Checkout

    @property
    def hesitating(self) -> bool:
        return self.checkout.doubt != 0


def current_session(log: Log) -> Session | None:
    """Return the last stretch in a log, None when it holds no activity."""
    stretch = _last_stretch(log)
    if not stretch:
        return None
    active_us = _active_us(stretch)
    category, minutes = _subject(stretch, active_us)
    about_items = [entry for entry in reversed(stretch) if entry.offer_no]
    on_subject = [entry.offer_no for entry in about_items if _within(entry, category)]
    channels = [entry.channel for entry in stretch]
    return Session(
        category,
        minutes,
        on_subject[0] if on_subject else 0,
        stretch[0].time_us,
        stretch[-1].time_us,
        tuple(dict.fromkeys([entry.offer_no for entry in about_items]))[:MAX_ITEMS],
        max(sorted(set(channels)), key=channels.count),
        sum(active_us) / MINUTE_US,
        Counter([_SAID[entry.type] for entry in stretch if entry.type in _SAID]),
        checkout(stretch, active_us),
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


def _active_us(stretch: Sequence[Entry]) -> list[int]:
    """Return how long a person was with each entry: no moment counts twice.

    From one entry to the next, on whatever tab or device, somebody is with the first, unless that
    is a silence of over 5 minutes. Of a silence counts what was measured: the duration of the entry
    before it, then what others, still open beside it, lasted beyond that.
    """
    active_us = [0] * len(stretch)
    open_until: list[tuple[int, int]] = []
    for place, entry in enumerate(stretch):
        start_us = entry.time_us
        end_us = stretch[place + 1].time_us if place + 1 < len(stretch) else None
        if entry.duration_s:
            open_until.append((place, start_us + round(entry.duration_s * SECOND_US)))
        if end_us is not None and end_us - start_us <= SILENCE_US:
            active_us[place] = end_us - start_us
            continue
        open_until = [each for each in open_until if each[1] > start_us]
        reached_us = start_us
        for opened, until_us in reversed(open_until):
            until_us = until_us if end_us is None else min(until_us, end_us)
            if until_us > reached_us:
                active_us[opened] += until_us - reached_us
                reached_us = until_us
    return active_us


def _subject(stretch: Sequence[Entry], active_us: Sequence[int]) -> tuple[str, float]:
    """Return the category of most of the time and the minutes spent on it."""
    on_leaf_us: defaultdict[str, int] = defaultdict(int)
    for entry, spent_us in zip(stretch, active_us, strict=True):
        if entry.category:
            on_leaf_us[entry.category] += spent_us
    on_path_us: defaultdict[str, int] = defaultdict(int)
    for leaf, spent_us in on_leaf_us.items():
        path = leaf
        while path:
            on_path_us[path] += spent_us
            path = path.rpartition(SEPARATOR)[0]
    most_us = _MOST * sum(on_leaf_us.values())
    dominant = [path for path, spent_us in on_path_us.items() if spent_us >= most_us]
    if not dominant:
        return "", 0.0
    category = max(dominant, key=lambda path: (path.count(SEPARATOR), on_path_us[path], path))
    return category, on_path_us[category] / MINUTE_US


def _within(entry: Entry, category: str) -> bool:
    return entry.category == category or entry.category.startswith(category + SEPARATOR)

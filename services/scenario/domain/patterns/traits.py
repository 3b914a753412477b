"""Traits that those who buy may have more often: what they did in the week before, and are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import (
    DAY_US,
    PURCHASE,
    SILENCE_US,
    VISITING,
    Flags,
    Known,
    Log,
    Places,
    Wholes,
)

BEFORE_US = 7 * DAY_US
_SECOND_US = 1_000_000
_NEVER = np.iinfo(np.int64).max
_MOST_CATEGORIES = 40
_OFTEN = (1, 3)
VISITS, TYPE, CATEGORY, CHANNEL = "visits", "type", "category", "channel"
SEGMENT, ATTRIBUTE = "segment", "attribute"
_WORDS = {
    VISITS: "came",
    CATEGORY: "looked at {value}",
    CHANNEL: "was there on {value}",
    SEGMENT: "in {value}",
    ATTRIBUTE: "{name}: {value}",
}


@dataclass(frozen=True, slots=True)
class Trait:
    """Something done at least so often in the week before, or something that somebody is."""

    kind: str
    """`visits`, `type`, `category`, `channel`, `segment` or `attribute`."""
    value: str = ""
    at_least: int = 1
    name: str = ""
    """Of the attribute."""

    @property
    def words(self) -> str:
        """It as people read it: `view, at least 3 times`."""
        often = f", at least {self.at_least} times" if self.at_least > 1 else ""
        return _WORDS.get(self.kind, "{value}").format(value=self.value, name=self.name) + often


@dataclass(frozen=True, slots=True)
class Moments:
    """Beginnings of visits, by person and time."""

    person: NDArray[np.int32]
    begin_us: Wholes

    def __len__(self) -> int:
        return len(self.person)


Has = Callable[[], Flags]
"""Says at which moments somebody had a trait."""


def traits_of(there: Log, known: Known, moments: Moments) -> Iterator[tuple[Trait, Has]]:
    """Yield each trait; deeds of `there` are by person and time."""
    window = Window(there, moments)
    for trait, deeds in _done(there):
        yield trait, partial(window.has, deeds, trait.at_least)
    for number, name in enumerate(known.segments):
        yield Trait(SEGMENT, name), partial(_in_segment, known, number, moments)
    for attribute in known.attributes:
        for place, word in enumerate(attribute.words, start=1):
            trait = Trait(ATTRIBUTE, word, name=attribute.name)
            yield trait, partial(_is_so, attribute.place, place, moments)


def begins_of(there: Log) -> Flags:
    """Return which deeds begin a visit."""
    deeds = there.deeds
    begins = np.ones(len(deeds), np.bool_)
    silent = np.diff(deeds.time_us) >= SILENCE_US
    begins[1:] = (deeds.person[1:] != deeds.person[:-1]) | silent
    return begins


class Window:
    """Counts what was done in the week before each moment."""

    def __init__(self, there: Log, moments: Moments) -> None:
        keys = _keys(there.deeds.person, there.deeds.time_us, there.since_us)
        begin = np.maximum(moments.begin_us - BEFORE_US, there.since_us)
        self._from = np.searchsorted(keys, _keys(moments.person, begin, there.since_us))
        until = _keys(moments.person, moments.begin_us, there.since_us)
        self._until = np.searchsorted(keys, until)

    def count(self, deeds: Flags) -> Places:
        """Return how many of some deeds of the log were done."""
        so_far = np.concatenate(([0], np.cumsum(deeds)))
        counted: Places = so_far[self._until] - so_far[self._from]
        return counted

    def has(self, deeds: Callable[[], Flags], at_least: int) -> Flags:
        """Return at which moments some deeds were done so often."""
        often: Flags = self.count(deeds()) >= at_least
        return often


def _done(there: Log) -> Iterator[tuple[Trait, Has]]:
    """Yield what can be done, with the deeds that are counted of it."""
    deeds = there.deeds
    for often in _OFTEN:
        yield Trait(VISITS, at_least=often), partial(begins_of, there)
    for name in there.types:
        if name in VISITING and name != PURCHASE:
            for often in _OFTEN:
                yield Trait(TYPE, name, often), partial(there.are, name)
    counts = np.bincount(deeds.category, minlength=len(there.categories))
    for number in np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES].tolist():
        if there.categories[number] and counts[number]:
            for often in _OFTEN:
                trait = Trait(CATEGORY, there.categories[number], often)
                yield trait, partial(np.equal, deeds.category, number)
    for number, channel in enumerate(there.channels):
        if channel:
            yield Trait(CHANNEL, channel), partial(np.equal, deeds.channel, number)


def _in_segment(known: Known, segment: int, moments: Moments) -> Flags:
    """Return at which moments people were in a segment, of those who are in it to this day."""
    since_us = np.full(known.persons, _NEVER, np.int64)
    own = known.segment == segment
    since_us[known.member[own]] = known.since_us[own]
    is_in: Flags = since_us[moments.person] <= moments.begin_us
    return is_in


def _is_so(own: NDArray[np.uint8], place: int, moments: Moments) -> Flags:
    """Return whose attribute is the word of a place."""
    so: Flags = own[moments.person] == place
    return so


def _keys(person: NDArray[np.int32], time_us: Wholes, since_us: int) -> Wholes:
    """Return numbers that order by person and second."""
    keys: Wholes = (person.astype(np.int64) << 32) + (time_us - since_us) // _SECOND_US
    return keys

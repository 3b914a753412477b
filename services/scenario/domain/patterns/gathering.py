"""Takes events as they are read, slice by slice, and makes the columns of them."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import Deeds, Known, Log, SharedWord, Wholes

SEPARATOR = " > "
"""Between the levels of a category."""
AGE_BANDS = (18, 25, 35, 45, 55, 65)
AGES = (
    "under 18",
    *(f"{low}-{high - 1}" for low, high in pairwise(AGE_BANDS)),
    "65 and over",
)


@dataclass(frozen=True, slots=True)
class Slice:
    """Events one after the other, as columns of equal length."""

    person_ids: Sequence[str]
    """Empty: nobody is to be counted."""
    types: Sequence[str]
    times_us: Wholes
    categories: Sequence[str]
    """Paths."""
    topics: NDArray[np.uint8]
    channels: Sequence[str]
    offer_nos: Wholes
    quantities: NDArray[np.float64]
    value_micros: Wholes
    """In the home currency."""
    placements: Sequence[str]
    price_micros: Wholes
    """In the home currency."""

    def part(self, begin: int, end: int) -> Slice:
        """Return the events of some places."""
        return Slice(*(getattr(self, each.name)[begin:end] for each in fields(self)))


class _Numbers:
    """Numbers for names, in the order in which they were met."""

    def __init__(self, *first: str) -> None:
        self.of = {name: number for number, name in enumerate(first)}

    def column(self, names: Iterable[str]) -> NDArray[np.int32]:
        of = self.of
        return np.array([of.setdefault(name, len(of)) for name in names], np.int32)


class Gathering:
    """Events and people so far."""

    def __init__(self, since_us: int, until_us: int, oldest: Mapping[str, str]) -> None:
        """Count persons of a set as the `oldest` of it; who is in none stands for themselves."""
        self._since_us, self._until_us = since_us, until_us
        self._oldest = oldest
        self._people, self._types = _Numbers(), _Numbers()
        self._categories, self._channels, self._placements = (_Numbers("") for _ in range(3))
        self._top: dict[str, str] = {}
        self._bought_us: dict[int, int] = {}
        self._parts: list[Deeds] = []
        self.events = 0

    def take(self, told: Slice) -> None:
        """Take events over; those outside of the time, or of nobody, are left out."""
        inside = (told.times_us >= self._since_us) & (told.times_us < self._until_us)
        named = np.array([bool(each) for each in told.person_ids], np.bool_)
        kept = np.flatnonzero(inside & named)
        places = kept.tolist()
        deeds = Deeds(
            self._persons([told.person_ids[at] for at in places]),
            told.times_us[kept],
            self._types.column(told.types[at] for at in places),
            self._categories.column(self._top_of(told.categories[at]) for at in places),
            told.topics[kept],
            self._channels.column(told.channels[at] for at in places),
            told.offer_nos[kept],
            told.quantities[kept],
            told.value_micros[kept],
            self._placements.column(told.placements[at] for at in places),
            told.price_micros[kept],
        )
        self._parts.append(deeds)
        self.events += len(places)

    def bought(self, person_ids: Sequence[str], times_us: Sequence[int]) -> None:
        """Note who bought before the time begins."""
        for person_id, time_us in zip(person_ids, times_us, strict=True):
            if person_id and time_us < self._since_us:
                person = self._person(person_id)
                self._bought_us[person] = max(self._bought_us.get(person, 0), time_us)

    def log(self) -> Log:
        """Return the columns; what was taken is given away."""
        columns = zip(*(each.columns() for each in self._parts), strict=True)
        deeds = Deeds(*map(np.concatenate, columns)) if self._parts else Deeds.none()
        self._parts.clear()
        persons = self.persons
        bought_us = np.zeros(persons, np.int64)
        bought_us[list(self._bought_us)] = list(self._bought_us.values())
        return Log(
            deeds,
            self._since_us,
            self._until_us,
            tuple(self._types.of),
            tuple(self._categories.of),
            tuple(self._channels.of),
            tuple(self._placements.of),
            persons,
            bought_us,
        )

    @property
    def persons(self) -> int:
        """How many people there are."""
        return len(self._people.of)

    def number_of(self, person_id: str) -> int | None:
        """Return the number of somebody who did something, None: they did nothing."""
        return self._people.of.get(self._oldest.get(person_id, person_id))

    def _persons(self, person_ids: Sequence[str]) -> NDArray[np.int32]:
        oldest = self._oldest
        return self._people.column(oldest.get(each, each) for each in person_ids)

    def _person(self, person_id: str) -> int:
        of = self._people.of
        return of.setdefault(self._oldest.get(person_id, person_id), len(of))

    def _top_of(self, category: str) -> str:
        top = self._top.get(category)
        if top is None:
            top = self._top.setdefault(category, category.split(SEPARATOR, 1)[0])
        return top


class KnownGathering:
    """What is known of those who did something; of others nothing is kept."""

    def __init__(self, gathering: Gathering, segments: Collection[str]) -> None:
        """Look at these segments only; nobody may be added to the events any more."""
        self._gathering = gathering
        self._segments = sorted(segments)
        self._places = {name: place for place, name in enumerate(self._segments)}
        self._member, self._segment, self._is_in = array("i"), array("i"), array("b")
        self._changed_us = array("q")
        self._words: dict[str, Sequence[str]] = {}
        self._word_of: dict[str, NDArray[np.uint8]] = {}

    def member(self, person_id: str, segment: str, *, is_in: bool, changed_us: int) -> None:
        """Note that somebody entered a segment, or left it; the last word counts."""
        place, person = self._places.get(segment), self._gathering.number_of(person_id)
        if place is None or person is None:
            return
        self._member.append(person)
        self._segment.append(place)
        self._is_in.append(is_in)
        self._changed_us.append(changed_us)

    def attribute(
        self, name: str, words: Sequence[str], person_ids: Sequence[str], places: Sequence[int]
    ) -> None:
        """Note the words of some people by their places from 1 on; 0: not known."""
        self._words[name] = words
        own = self._word_of.get(name)
        if own is None:
            own = self._word_of[name] = np.zeros(self._gathering.persons, np.uint8)
        for person_id, place in zip(person_ids, places, strict=True):
            person = self._gathering.number_of(person_id) if place else None
            if person is not None:
                own[person] = place

    def ages(self, person_ids: Sequence[str], ages: Sequence[int]) -> None:
        """Note how old some people are; 0: not known."""
        bands = np.digitize(ages, AGE_BANDS) + 1
        self.attribute("age", AGES, person_ids, np.where(ages, bands, 0).tolist())

    def known(self) -> Known:
        """Return what is known."""
        member, segment = np.array(self._member, np.int32), np.array(self._segment, np.int32)
        order = np.lexsort((segment, member))  # stable: the last word of each comes last
        is_last = np.ones(len(order), np.bool_)
        same = (np.diff(member[order]) == 0) & (np.diff(segment[order]) == 0)
        is_last[:-1] = ~same
        kept = order[is_last & (np.array(self._is_in, np.int8)[order] > 0)]
        return Known(
            self._gathering.persons,
            tuple(self._segments),
            member[kept],
            segment[kept],
            np.array(self._changed_us, np.int64)[kept],
            tuple(
                SharedWord(name, tuple(self._words[name]), self._word_of[name])
                for name in sorted(self._words)
            ),
        )

"""Everybody as columns of what many share: for services that learn from what people are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from services.profile.domain import consent
from services.profile.domain.consent import PROFILING
from services.profile.domain.described import Collector, Words, words_of
from services.profile.domain.lookup import Person
from services.profile.domain.reading import age
from services.profile.domain.state import State
from services.profile.storage.everybody import Everybody
from shared.clock import BusinessClock
from touchpoint.profile.v1.audience_pb2 import PeopleColumns, SharedAttribute

MOST_LOOKED_AT = 20_000
"""People at most that show which words many have."""
MOST_TOLD = 200_000
"""People at most that are told of; of more a random share, the same at every time."""
_AT_ONCE = 100
"""Sets in one message."""
_SLICE_S = 0.002

_Told = tuple[Sequence[str], State]


class PeopleStream:
    """Reads everybody twice: once for the words that many have, then person by person."""

    def __init__(self, everybody: Everybody, clock: BusinessClock) -> None:
        self._everybody = everybody
        self._clock = clock

    async def slices(self) -> AsyncIterator[PeopleColumns]:
        """Yield people some at a time, but for those who refused to be learned from."""
        people = await self._everybody.count()
        words = await self._words(min(1.0, MOST_LOOKED_AT / max(people, 1)))
        told: list[_Told] = []
        async for person in self._willing(min(1.0, MOST_TOLD / max(people, 1))):
            told.append((person.person_ids, person.state()))
            if len(told) == _AT_ONCE:
                yield columns_of(told, words, self._clock.now_us())
                told = []
        if told:
            yield columns_of(told, words, self._clock.now_us())

    async def refusing(self, purpose: str) -> AsyncIterator[list[str]]:
        """Yield everybody who refuses a purpose, some at a time; none is a slice of nobody."""
        async for sets in self._everybody.sets_with(purpose.encode()):
            now_us = self._clock.now_us()
            yield [
                person_id
                for person in map(Person, sets)
                if refuses(person.state(), now_us, purpose)
                for person_id in person.person_ids
            ]

    async def _words(self, share: float) -> Words:
        collector = Collector()
        async for person in self._willing(share):
            collector.add(words_of(person.state()))
        return collector.words()

    async def _willing(self, share: float) -> AsyncIterator[Person]:
        """Yield who did not refuse; requests come between, what is done with each included."""
        began = time.monotonic()
        async for sets in self._everybody.sets(share):
            now_us = self._clock.now_us()
            for members in sets:
                person = Person(members)
                if not refuses(person.state(), now_us):
                    yield person
                if time.monotonic() - began > _SLICE_S:
                    await asyncio.sleep(0)
                    began = time.monotonic()


def refuses(state: State, now_us: int, purpose: str = PROFILING) -> bool:
    """Say whether somebody refused a purpose: that anything is learned from what they are."""
    if not state.consents:
        return False
    _, refused = consent.standing(state.consents, now_us)
    return purpose in refused


def columns_of(told: Sequence[_Told], words: Words, now_us: int) -> PeopleColumns:
    """Write sets of persons; all persons of a set are what the set is."""
    columns = PeopleColumns()
    shared = [SharedAttribute(name=name, words=own) for name, own in words.items()]
    places = [{word: place for place, word in enumerate(own, 1)} for own in words.values()]
    for person_ids, state in told:
        count, known = len(person_ids), words_of(state)
        columns.person_ids.extend(person_ids)
        columns.ages.extend([age(state, now_us)] * count)
        for attribute, place_of in zip(shared, places, strict=True):
            place = place_of.get(known.get(attribute.name, ""), 0)
            attribute.places.extend([place] * count)
    columns.attributes.extend(shared)
    return columns

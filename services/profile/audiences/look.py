"""Looks at everybody, or at a random share of them, beside the requests that are answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from services.profile.definitions import ProfileDefinitions
from services.profile.domain.lookup import Person
from services.profile.facts import facts_of
from services.profile.storage.everybody import Everybody
from services.profile.storage.upkeep import TierReader
from shared.clock import BusinessClock
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

EXACT_UP_TO = 50_000
"""So many people are looked at one by one, in about ten seconds; of more a sample is."""
SAMPLED = 20_000
"""They tell a share of a tenth to within half a per cent."""
_SLICE_S = 0.005
_TELL_EVERY_S = 0.5

See = Callable[[Person, PersonSnapshot], None]
"""Takes what is known of one person, as far as it was asked for."""


@dataclass(frozen=True, slots=True)
class Looked:
    """How far a look has come."""

    people: int
    """Everybody there is."""
    looked_at: int
    total: int
    """So many are looked at, as far as that is known beforehand."""

    @property
    def is_exact(self) -> bool:
        """Whether everybody was looked at, at the end."""
        return self.looked_at >= self.people


class Look:
    """Reads people one look after the other, so that several do not take all the time."""

    def __init__(
        self,
        everybody: Everybody,
        tiers: TierReader,
        clock: BusinessClock,
        exact_up_to: int = EXACT_UP_TO,
        sampled: int = SAMPLED,
    ) -> None:
        self._everybody = everybody
        self._tiers = tiers
        self._clock = clock
        self._exact_up_to = exact_up_to
        self._sampled = sampled
        self._turn = asyncio.Lock()

    async def at_people(
        self, definitions: ProfileDefinitions, parts: frozenset[str], see: See
    ) -> AsyncIterator[Looked]:
        """Show people as of now, of each those parts; yields now and then, and at the end."""
        async with self._turn:
            people = await self._everybody.count()
            share = 1.0 if people <= self._exact_up_to else self._sampled / people
            total, looked_at = round(people * share), 0
            told = time.monotonic()
            yield Looked(people, 0, total)
            async for sets in self._everybody.sets(share):
                began = time.monotonic()
                for members in sets:
                    person = Person(members)
                    see(person, self._facts(person, definitions, parts))
                    if time.monotonic() - began > _SLICE_S:
                        await asyncio.sleep(0)
                        began = time.monotonic()
                looked_at += len(sets)
                if time.monotonic() - told > _TELL_EVERY_S:
                    told = time.monotonic()
                    yield Looked(people, looked_at, total)
            # Somebody may have come or gone meanwhile.
            yield Looked(max(people, looked_at) if share < 1.0 else looked_at, looked_at, total)

    def _facts(
        self, person: Person, definitions: ProfileDefinitions, parts: frozenset[str]
    ) -> PersonSnapshot:
        now_us = self._clock.now_us()
        return facts_of(person.state(), self._tiers.tiers, now_us, definitions, parts)

"""Tells who enters a segment and who leaves it: what happens at once, what time does by the day."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from services.profile.definitions import InForceOf, ProfileDefinitions
from services.profile.domain.event import DAY_US
from services.profile.domain.lookup import Person
from services.profile.domain.memberships import Cause, changes
from services.profile.domain.ports import Member
from services.profile.domain.segments import segments_of
from services.profile.facts import facts_of, parts_of
from services.profile.storage.everybody import Everybody
from services.profile.storage.memberships import PostgresMemberships
from services.profile.storage.upkeep import TierReader
from shared.clock import BusinessClock
from shared.conditions.person import PersonValues

LOOK_EVERY_S = 1.0
KEEP_LEFT_DAYS = 35
_SLICE_S = 0.001
_REST = 6.0
"""Times as long as it worked it rests, so that it takes a seventh of one processor at most.

It rests after each slice: requests come between, and none of their steps waits longer than that.
"""


class Memberships:
    """Follows the log and the identities, and looks at everybody when more than that has changed.

    Whatever is done twice, because a leader woke up beside its successor, changes nothing.
    """

    def __init__(
        self,
        store: PostgresMemberships,
        everybody: Everybody,
        tiers: TierReader,
        in_force: InForceOf,
        clock: BusinessClock,
    ) -> None:
        self._store = store
        self._everybody = everybody
        self._tiers = tiers
        self._in_force = in_force
        self._clock = clock

    async def follow_for_ever(self) -> None:
        """Do for ever what is due, mostly resting."""
        while True:
            more = await self.once()
            await asyncio.sleep(_SLICE_S * _REST if more else LOOK_EVERY_S)

    async def once(self) -> bool:
        """Do a slice of what is due; says whether there is more."""
        in_force = self._in_force()
        if not in_force.active.bundle_hash:
            return False
        digest = in_force.audience_digest
        progress = await self._store.progress()
        if not progress.swept_by:  # what is there already is looked at by the sweep
            await self._store.move_positions(*await self._store.positions())
        cause = progress.due(digest, self._clock.now_us())
        if cause is not None:
            await self._store.begin_sweep(digest, self._clock.now_us(), cause)
            await self._tiers.refresh()
            return True
        touched = await self._store.touched(progress)
        if touched.persons:
            sets = await self._everybody.sets_of(sorted(touched.persons))
            await self._look(sets, Cause.EVENT)
        positions = touched.event_position, touched.identity_position
        if positions != (progress.event_position, progress.identity_position):
            await self._store.move_positions(*positions)
        if progress.swept_to is not None:
            await self._sweep(progress.swept_to, Cause(progress.cause))
        return touched.more or bool(touched.persons) or progress.swept_to is not None

    async def _sweep(self, after: str, cause: Cause) -> None:
        sets = await self._everybody.page(after)
        if not sets:
            await self._store.move_sweep(None)
            await self._store.forget_left(self._clock.now_us() - KEEP_LEFT_DAYS * DAY_US)
            return
        await self._look(sets, cause)
        await self._store.move_sweep(sets[-1][0].group_id)

    async def _look(self, sets: Sequence[Sequence[Member]], cause: Cause) -> None:
        """Find out which segments people are in, and tell what has changed."""
        in_force, now_us = self._in_force(), self._clock.now_us()
        persons = [member.person_id for members in sets for member in members]
        told = await self._store.told(persons)
        found: dict[str, list[tuple[tuple[str, ...], Sequence[str]]]] = {}
        began = time.monotonic()
        for members in sets:
            person = Person(members)
            definitions = in_force.for_person(person.oldest_id)
            segments = self._segments(person, definitions, now_us)
            found.setdefault(definitions.bundle_hash, []).append((person.person_ids, segments))
            worked_s = time.monotonic() - began
            if worked_s > _SLICE_S:
                await asyncio.sleep(worked_s * _REST)
                began = time.monotonic()
        for bundle_hash, theirs in found.items():
            changed = changes(theirs, told)
            if changed:
                await self._store.change(changed, cause, bundle_hash, now_us)

    def _segments(
        self, person: Person, definitions: ProfileDefinitions, now_us: int
    ) -> Sequence[str]:
        parts = parts_of(definitions.reads)
        facts = facts_of(person.state(), self._tiers.tiers, now_us, definitions, parts)
        return segments_of(definitions.segments, PersonValues(facts))

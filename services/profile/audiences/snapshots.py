"""Everybody as decisions see them: for a service that weighs one offer for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence

from services.profile.definitions import InForceOf
from services.profile.domain.identity import Assurance
from services.profile.domain.lookup import Person
from services.profile.domain.ports import Member
from services.profile.snapshot import snapshot_of
from services.profile.storage.everybody import Everybody
from services.profile.storage.upkeep import TierReader
from shared.clock import BusinessClock
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_service_pb2 import StreamSnapshotsResponse

_SLICE_S = 0.002
_AT_ONCE = 50
"""Of one message: some people have done very much."""


class SnapshotStream:
    """Reads people as fast as they are taken; requests come between."""

    def __init__(
        self, everybody: Everybody, tiers: TierReader, clock: BusinessClock, in_force: InForceOf
    ) -> None:
        self._everybody = everybody
        self._tiers = tiers
        self._clock = clock
        self._in_force = in_force

    async def slices(self, at_most: int) -> AsyncIterator[StreamSnapshotsResponse]:
        """Yield people some at a time, each as of when they are told of; 0: everybody.

        Where there are more than `at_most` it is a random share of them. The first slice is of
        nobody: it says how many there are.
        """
        people = await self._everybody.count()
        share = min(1.0, at_most / max(people, 1)) if at_most else 1.0
        total = round(people * share)
        yield StreamSnapshotsResponse(people=people, total=total)
        async for sets in self._everybody.sets(share):
            ids = [member.person_id for members in sets for member in members]
            kinds = await self._everybody.identity_kinds(ids)
            snapshots, began = list[bytes](), time.monotonic()
            for members in sets:
                for member in members:
                    member.identity_kinds = kinds.get(member.person_id, ())
                snapshots.append(self._snapshot(members))
                if len(snapshots) == _AT_ONCE:
                    yield StreamSnapshotsResponse(people=people, total=total, snapshots=snapshots)
                    snapshots = []
                if time.monotonic() - began > _SLICE_S:
                    await asyncio.sleep(0)
                    began = time.monotonic()
            if snapshots:
                yield StreamSnapshotsResponse(people=people, total=total, snapshots=snapshots)

    def _snapshot(self, members: Sequence[Member]) -> bytes:
        person = Person(members, assurance=Assurance.ANONYMOUS)
        definitions = self._in_force().for_person(person.oldest_id)
        now_us = self._clock.now_us()
        found = snapshot_of(person, Arm.UNSPECIFIED, self._tiers.tiers, now_us, definitions)
        return found.SerializeToString()

"""Tells whoever sends messages how to write to a person."""

from __future__ import annotations

from dataclasses import dataclass

from services.profile.addressing import ADDRESS_KINDS
from services.profile.domain.audit import Action
from services.profile.domain.lookup import Profiles, find_by_id
from services.profile.domain.reading import attribute
from services.profile.domain.relationships import tenures
from services.profile.domain.state import LOCALE
from services.profile.exporting import ExportDesk
from services.profile.storage.addresses import Addresses
from shared.call import Call
from shared.clock import BusinessClock
from shared.errors import NotFound
from shared.reaching import demand_reach
from touchpoint.profile.v1 import profile_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class ReachDesk:
    """Answers `ReachPerson`; whoever asks is written down."""

    profiles: Profiles
    addresses: Addresses
    exports: ExportDesk
    clock: BusinessClock

    async def reach(self, call: Call, request: pb.ReachPersonRequest) -> pb.ReachPersonResponse:
        """Return how to write to a person; PermissionDenied, NotFound."""
        demand_reach(call)
        person = await find_by_id(self.profiles, request.person_id)
        if not person.is_known:
            raise NotFound("there is no such person", reason="PERSON_NOT_FOUND")
        # Before it is told: whoever is not written down learns nothing.
        await self.exports.note(call, Action.READ, person.person_ids)
        said = await self.addresses.relationships(person.person_ids)
        now_us = self.clock.now_us()
        held = [tenure for tenure in tenures(said) if tenure.covers(now_us)]
        held.sort(key=lambda tenure: tenure.from_us, reverse=True)
        kind = ADDRESS_KINDS[request.channel]
        return pb.ReachPersonResponse(
            address=await self.addresses.address(person.person_ids, kind),
            name=await self.addresses.name(person.person_ids),
            locale=attribute(person.state(), LOCALE),
            owner_ids=dict.fromkeys(tenure.owner_id for tenure in held),
        )

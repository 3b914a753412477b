"""The rpcs about moving: everything out for a warehouse or another home, and in from one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from services.profile.definitions import InForceOf
from services.profile.domain.audit import Action
from services.profile.domain.consent import SHARING
from services.profile.domain.lookup import Person
from services.profile.domain.placing import Rejection
from services.profile.domain.ports import Transactions
from services.profile.domain.restoring import restore_events, restore_links, restore_persons
from services.profile.exporting import ExportDesk
from services.profile.record_messages import event_records, link_record, person_record
from services.profile.records import RecordReader
from services.profile.snapshot import snapshot_of
from services.profile.storage.exports import Exports
from services.profile.storage.referrals import Referrals
from services.profile.storage.upkeep import TierReader
from shared.arms import assign_arm
from shared.call import Call
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import Unavailable
from shared.person_export import demand_permission
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1 import profile_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Transfers:
    """What moving stands on."""

    store: Transactions
    exports: Exports
    reader: RecordReader
    catalogue: Catalogue
    tiers: TierReader
    clock: BusinessClock
    in_force: InForceOf
    referrals: Referrals

    async def profiles(
        self, request: pb.ExportProfilesRequest
    ) -> AsyncIterator[pb.ExportProfilesResponse]:
        pages = self.exports.persons(request.after_person_id, personal=request.personal)
        async for page in pages:
            response = pb.ExportProfilesResponse(
                after_person_id=page.persons[-1].person_id,
                persons=map(person_record, page.persons),
                links=map(link_record, page.links),
            )
            for members in page.sets:
                person, arm = Person(members), Arm.UNSPECIFIED
                if request.HasField("arm_plan"):
                    arm = assign_arm(request.arm_plan, person.oldest_id)
                now_us = self.clock.now_us()
                tiers = self.tiers.tiers
                definitions = self.in_force().for_person(person.oldest_id)
                response.profiles.append(snapshot_of(person, arm, tiers, now_us, definitions))
                await asyncio.sleep(0)
            yield response

    async def events(
        self, request: pb.ExportEventsRequest
    ) -> AsyncIterator[pb.ExportEventsResponse]:
        slices = self.exports.events(request.position, request.types, personal=request.personal)
        async for position, rows in slices:
            records = event_records(rows, self.catalogue.offer_ids)
            yield pb.ExportEventsResponse(position=position, events=records)

    async def restore_persons(self, request: pb.RestorePersonsRequest) -> pb.RestorePersonsResponse:
        now_us = self.clock.now_us()
        persons, wrong = self.reader.persons(request.persons, now_us)
        written = await restore_persons(self.store, persons, now_us=now_us)
        await self.referrals.restore(
            [(each.person_id, *said) for each in persons for said in each.referrals]
        )
        links, wrong_links = self.reader.links(request.links, now_us)
        linked = await restore_links(self.store, links, now_us=now_us)
        return pb.RestorePersonsResponse(
            created=written.created,
            updated=written.updated,
            linked=linked.created,
            rejected=told((*wrong, *written.rejected)),
            rejected_links=told((*wrong_links, *linked.rejected)),
        )

    async def restore_events(self, request: pb.RestoreEventsRequest) -> pb.RestoreEventsResponse:
        if request.catalogue_version > self.catalogue.version:
            raise Unavailable("the catalogue has not arrived here yet; repeat in a moment")
        now_us = self.clock.now_us()
        events, wrong = await self.reader.events(request.events, now_us)
        outcome = await restore_events(
            self.store, events, import_id=request.import_id, now_us=now_us
        )
        return pb.RestoreEventsResponse(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            rejected=told((*wrong, *outcome.rejected)),
        )


def _disclosed(response: pb.ExportProfilesResponse, *, personal: bool) -> list[str]:
    """Return whose records leave: everybody's, or only of those who agreed to sharing."""
    if personal:
        return [each.person_id for each in response.persons]
    agreed = (
        each
        for each in response.profiles
        if SHARING in each.consents and SHARING not in each.refusals
    )
    return [person_id for each in agreed for person_id in each.person_ids]


class TransferRpcs:
    """A part of the servicer."""

    def __init__(self, transfers: Transfers, desk: ExportDesk) -> None:
        self.__transfers, self.__desk = transfers, desk

    async def export_profiles(
        self, call: Call, request: pb.ExportProfilesRequest
    ) -> AsyncIterator[pb.ExportProfilesResponse]:
        demand_permission(call)
        async for response in self.__transfers.profiles(request):
            await self.__desk.note(
                call, Action.EXPORTED, _disclosed(response, personal=request.personal)
            )
            yield response

    async def export_events(
        self, call: Call, request: pb.ExportEventsRequest
    ) -> AsyncIterator[pb.ExportEventsResponse]:
        demand_permission(call)
        noted: set[str] = set()
        async for response in self.__transfers.events(request):
            if request.personal:
                fresh = set(response.events.person_ids) - noted
                await self.__desk.note(call, Action.EXPORTED, sorted(fresh))
                noted |= fresh
            yield response

    async def restore_persons(
        self, call: Call, request: pb.RestorePersonsRequest
    ) -> pb.RestorePersonsResponse:
        return await self.__transfers.restore_persons(request)

    async def restore_events(
        self, call: Call, request: pb.RestoreEventsRequest
    ) -> pb.RestoreEventsResponse:
        return await self.__transfers.restore_events(request)


def told(rejections: Iterable[Rejection]) -> list[pb.RejectedEvent]:
    """Return what was refused in the order of the request."""
    return [
        pb.RejectedEvent(index=each.place, code=each.code, message=each.message)
        for each in sorted(rejections)
    ]

"""The rpcs about audiences: a segment's preview, and what makes its people different."""

from __future__ import annotations

import difflib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from services.profile.audiences.look import Look, Looked
from services.profile.audiences.naming import Naming
from services.profile.audiences.people import PeopleStream, refuses
from services.profile.audiences.preview import Preview
from services.profile.audiences.snapshots import SnapshotStream
from services.profile.audiences.traits import labels_of, numbers_of
from services.profile.audiences.trying import TryOut, accept, demand_quick
from services.profile.definitions import DefinitionsOf, ProfileDefinitions, compile_segment
from services.profile.domain.audit import Action, Note
from services.profile.domain.lifts import Group, Lift, lifts
from services.profile.domain.lookup import Person
from services.profile.domain.segments import Segment
from services.profile.exporting import by
from services.profile.facts import COMPARED_PARTS, parts_of
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.everybody import Everybody
from services.profile.storage.memberships import PostgresMemberships
from shared.call import Call
from shared.conditions import ConditionError
from shared.conditions.person import PersonValues
from shared.errors import FieldViolation, InvalidArgument, NotFound
from shared.person_export import demand_permission
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.audience_pb2 import (
    AudienceComparison,
    AudiencePreview,
    AudienceProgress,
    TraitLift,
    TraitMeasure,
)

_PERSONA = frozenset({"persona"})
FEW = 5
"""What distinguishes fewer people than this is a record of theirs."""


@dataclass(frozen=True, slots=True)
class Audiences:
    """What audiences are counted by."""

    look: Look
    everybody: Everybody
    definitions: DefinitionsOf
    trail: AuditTrail
    memberships: PostgresMemberships
    people: PeopleStream
    naming: Naming
    snapshots: SnapshotStream
    try_out: TryOut = accept


class AudienceRpcs:
    """A part of the servicer."""

    def __init__(self, audiences: Audiences) -> None:
        self.__look = audiences.look
        self.__everybody = audiences.everybody
        self.__definitions = audiences.definitions
        self.__trail = audiences.trail
        self.__memberships = audiences.memberships
        self.__people = audiences.people
        self.__naming = audiences.naming
        self.__snapshots = audiences.snapshots
        self.__try_out = audiences.try_out

    async def preview_segment(
        self, call: Call, request: pb.PreviewSegmentRequest
    ) -> AsyncIterator[pb.PreviewSegmentResponse]:
        if request.sample:
            demand_permission(call)
        definitions = self.__definitions("")
        segment = _asked(request.segment, request.when, definitions)
        await demand_quick(self.__try_out, request.when, definitions)
        active = _named(request.segment, definitions) if request.when else None
        preview = Preview(segment, active, request.sample, at_random=request.random_sample)
        looked = Looked(0, 0, 0)
        looks = self.__look.at_people(definitions, parts_of(preview.reads), preview.see)
        async for looked in looks:
            yield pb.PreviewSegmentResponse(progress=_progress(looked))
        message = preview.message(looked)
        message.bundle_hash = definitions.bundle_hash
        await self.__name(call, message)
        yield pb.PreviewSegmentResponse(preview=message)

    async def compare_segment(
        self, call: Call, request: pb.CompareSegmentRequest
    ) -> AsyncIterator[pb.CompareSegmentResponse]:
        definitions = self.__definitions("")
        segment = _asked(request.segment, request.when, definitions)
        await demand_quick(self.__try_out, request.when, definitions)
        others = [each for each in definitions.segments if each.name != request.segment]
        inside, outside = Group(), Group()

        def see(person: Person, snapshot: PersonSnapshot) -> None:
            values = PersonValues(snapshot)
            group = inside if segment.holds(values) else outside
            group.add(labels_of(snapshot, values, others), numbers_of(snapshot))

        looked = Looked(0, 0, 0)
        async for looked in self.__look.at_people(definitions, COMPARED_PARTS, see):
            yield pb.CompareSegmentResponse(progress=_progress(looked))
        if 0 < inside.people < FEW:
            demand_permission(call)
        comparison = AudienceComparison(
            when=segment.when,
            members=inside.people,
            others=outside.people,
            exact=looked.is_exact,
            lifts=map(_lift, lifts(inside, outside)),
        )
        yield pb.CompareSegmentResponse(comparison=comparison)

    async def stream_memberships(
        self, call: Call, request: pb.StreamMembershipsRequest
    ) -> AsyncIterator[pb.StreamMembershipsResponse]:
        stream = self.__memberships.stream(request.position, request.segments)
        async for position, rows in stream:
            response = pb.StreamMembershipsResponse(position=position)
            if rows:
                _, persons, segments, is_members, changed_us = zip(*rows, strict=True)
                response.memberships.person_ids.extend(persons)
                response.memberships.segments.extend(segments)
                response.memberships.is_members.extend(is_members)
                response.memberships.changed_us.extend(changed_us)
            yield response

    async def stream_people(
        self, call: Call, request: pb.StreamPeopleRequest
    ) -> AsyncIterator[pb.StreamPeopleResponse]:
        async for people in self.__people.slices():
            yield pb.StreamPeopleResponse(people=people)

    async def stream_snapshots(
        self, call: Call, request: pb.StreamSnapshotsRequest
    ) -> AsyncIterator[pb.StreamSnapshotsResponse]:
        async for response in self.__snapshots.slices(request.at_most):
            yield response

    async def stream_personas(
        self, call: Call, request: pb.StreamPersonasRequest
    ) -> AsyncIterator[pb.StreamPersonasResponse]:
        definitions = self.__definitions("")
        if not definitions.personas.names:
            return
        told: dict[str, str] = {}

        def see(person: Person, snapshot: PersonSnapshot) -> None:
            if snapshot.persona and not refuses(person.state(), snapshot.as_of_us):
                told.update(dict.fromkeys(person.person_ids, snapshot.persona))

        async for _ in self.__look.at_people(definitions, _PERSONA, see):
            if told:
                yield pb.StreamPersonasResponse(person_ids=told, personas=told.values())
                told.clear()

    async def stream_refusals(
        self, call: Call, request: pb.StreamRefusalsRequest
    ) -> AsyncIterator[pb.StreamRefusalsResponse]:
        async for person_ids in self.__people.refusing(request.purpose):
            if person_ids:
                yield pb.StreamRefusalsResponse(person_ids=person_ids)

    async def name_customers(
        self, call: Call, request: pb.NameCustomersRequest
    ) -> pb.NameCustomersResponse:
        return await self.__naming.name(call, request)

    async def find_customers(
        self, call: Call, request: pb.FindCustomersRequest
    ) -> pb.FindCustomersResponse:
        return await self.__naming.find(call, request)

    async def __name(self, call: Call, preview: AudiencePreview) -> None:
        """Add the customer ids, by which other systems know them; who is shown is written down."""
        persons = [person for member in preview.sample for person in member.person_ids]
        if not persons:
            return
        made_by = by(call)
        await self.__trail.note([Note(made_by, Action.READ, person) for person in persons])
        known = await self.__everybody.customer_ids(persons)
        for member in preview.sample:
            for person_id in member.person_ids:
                member.customer_ids.extend(known.get(person_id, ()))


def _asked(name: str, when: str, definitions: ProfileDefinitions) -> Segment:
    """Return the segment asked for; raises `InvalidArgument` or `NotFound` telling what to do."""
    if when:
        try:
            return compile_segment(name, "", when, definitions.compiler)
        except ConditionError as error:
            message = f"{error.message} (line {error.line}, column {error.column})"
            raise InvalidArgument([FieldViolation("when", message)]) from None
    found = _named(name, definitions)
    if found is None:
        names = [segment.name for segment in definitions.segments]
        close = difflib.get_close_matches(name, names, n=1) or names
        raise NotFound(
            f"there is no segment {name}; known are {', '.join(close)}", reason="SEGMENT_NOT_FOUND"
        )
    return found


def _named(name: str, definitions: ProfileDefinitions) -> Segment | None:
    return next((each for each in definitions.segments if each.name == name), None)


def _progress(looked: Looked) -> AudienceProgress:
    return AudienceProgress(done=looked.looked_at, total=looked.total)


def _lift(lift: Lift) -> TraitLift:
    return TraitLift(
        trait=lift.trait,
        measure=TraitMeasure.SHARE if lift.is_share else TraitMeasure.MEAN,
        inside=lift.inside,
        outside=lift.outside,
        lift=lift.lift,
        at_least=lift.at_least,
        at_most=lift.at_most,
    )

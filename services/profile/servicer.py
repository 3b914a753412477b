"""The rpcs of profile: proto in, domain call, proto out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.profile.audiences.rpcs import AudienceRpcs, Audiences
from services.profile.columns import event_columns, history_columns, identity_columns
from services.profile.customers import read_customers
from services.profile.definitions import DefinitionsOf, InForceOf
from services.profile.domain import persons
from services.profile.domain.audit import Action
from services.profile.domain.customers import write_customers
from services.profile.domain.identity import VISITOR, Assurance, Identity
from services.profile.domain.importing import fold_history
from services.profile.domain.lookup import Person, Profiles, find_by_id, find_or_keep, find_person
from services.profile.domain.ports import Transactions
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.domain.recording import import_history
from services.profile.domain.rehearsing import Rehearsal
from services.profile.exporting import ExportDesk, by
from services.profile.intake import NOBODY, Intake
from services.profile.parked_events import ParkedEventRpcs, log_parked
from services.profile.people import choice_message, profile_message
from services.profile.persona_rpcs import PersonaRpcs, PersonaTrainer
from services.profile.question_desk import QuestionDesk
from services.profile.reaching import ReachDesk
from services.profile.recorder import Recorder
from services.profile.relationship_desk import RelationshipDesk
from services.profile.row_intake import RowIntake
from services.profile.snapshot import snapshot_of
from services.profile.storage.erasing import Erasures
from services.profile.storage.history import Imports
from services.profile.storage.parked import ParkedEvents
from services.profile.storage.referrals import Referrals
from services.profile.storage.streams import Filter, Streams
from services.profile.storage.upkeep import TierReader
from services.profile.transferring import TransferRpcs, Transfers, told
from services.profile.watching import Watch, Watchers
from services.profile.webhooks import WebhookDesk
from shared.arms import assign_arm
from shared.call import Call
from shared.clock import BusinessClock
from shared.ids import uuid7
from shared.person_export import demand_permission
from shared.trials import is_in_trial
from touchpoint.profile.v1 import profile_service_pb2 as pb

_LOOK_AGAIN_S = 2.0
"""A notice may get lost, and somebody unknown may become known."""


@dataclass(frozen=True, slots=True)
class Means:
    """What the servicer stands on."""

    transactions: Transactions
    recorder: Recorder
    profiles: Profiles
    intake: Intake
    imports: Imports
    erasures: Erasures
    parked: ParkedEvents
    streams: Streams
    tiers: TierReader
    watchers: Watchers
    transfers: Transfers
    clock: BusinessClock
    definitions: DefinitionsOf
    in_force: InForceOf
    audiences: Audiences
    relationships: RelationshipDesk
    exports: ExportDesk
    questions: QuestionDesk
    webhooks: WebhookDesk
    personas: PersonaTrainer
    referrals: Referrals
    reaching: ReachDesk


class ProfileServicer(ParkedEventRpcs, TransferRpcs, AudienceRpcs, PersonaRpcs):
    """Answers who somebody is, and writes down what they do."""

    def __init__(self, means: Means) -> None:
        ParkedEventRpcs.__init__(
            self, means.transactions, means.parked, means.watchers, means.clock
        )
        TransferRpcs.__init__(self, means.transfers, means.exports)
        AudienceRpcs.__init__(self, means.audiences)
        PersonaRpcs.__init__(self, means.personas)
        self._means = means
        self._store = means.transactions
        self._clock = means.clock

    async def get_snapshot(
        self, call: Call, request: pb.GetSnapshotRequest
    ) -> pb.GetSnapshotResponse:
        person = await self._asked_for(request)
        in_trial = is_in_trial(request.trial_plan.trial, person.oldest_id)
        plan, bundle_hash = request.arm_plan, request.bundle_hash
        if in_trial:
            plan = request.trial_plan.arm_plan
            bundle_hash = request.trial_plan.trial.bundle_hash
        arm = assign_arm(plan, person.oldest_id)
        snapshot = snapshot_of(
            person,
            arm,
            self._means.tiers.tiers,
            self._clock.now_us(),
            self._means.definitions(bundle_hash),
        )
        return pb.GetSnapshotResponse(
            snapshot=snapshot.SerializeToString(),
            person_ids=snapshot.person_ids,
            arm=arm,
            standing_token=snapshot.standing_token,
            ambiguous=person.is_ambiguous,
            choices=map(choice_message, person.choices),
            used_identity=person.used_identity,
            ignored_identities=person.ignored_identities,
            in_trial=in_trial,
        )

    async def _asked_for(self, request: pb.GetSnapshotRequest) -> Person:
        profiles, confirmed = self._means.profiles, request.confirmed_person_id
        if request.person_id:
            return await find_by_id(profiles, request.person_id)
        who = _identities(request)
        if not request.keep_unknown:
            return self._sure(who, await find_person(profiles, who, confirmed))
        now_us = self._clock.now_us()
        person = await find_or_keep(profiles, who, confirmed, self._new_id, now_us)
        return self._sure(who, person)

    async def record_events(
        self, call: Call, request: pb.RecordEventsRequest
    ) -> pb.RecordEventsResponse:
        now_us = self._clock.now_us()
        named = [each.person_id for each in request.keys if each.person_id]
        persons = await self._means.profiles.names_by_person(named) if named else NOBODY
        arrivals, wrong = await self._means.intake.recorded(
            request.events, request.keys, request.caller, now_us, persons
        )
        outcome = await self._means.recorder.record(
            arrivals, may_link=request.may_link, now_us=now_us
        )
        if any(arrival.referred for arrival in arrivals):
            self._means.referrals.settle_soon()
        return pb.RecordEventsResponse(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            rejected=told((*wrong, *outcome.rejected)),
            parked=len(outcome.parked),
        )

    async def import_events(
        self, call: Call, request: pb.ImportEventsRequest
    ) -> pb.ImportEventsResponse:
        now_us = self._clock.now_us()
        caller, intake = call.caller.name, self._means.intake
        if request.HasField("rows"):
            arrivals, wrong = await RowIntake(intake).imported(request.rows, caller, now_us)
        else:
            arrivals, wrong = await intake.imported(request.events, caller, now_us)
        outcome = await import_history(
            Rehearsal(self._store) if request.dry_run else self._store,
            arrivals,
            import_id=request.import_id,
            now_us=now_us,
            new_id=self._new_id,
        )
        return pb.ImportEventsResponse(
            accepted=outcome.accepted,
            duplicates=outcome.duplicates,
            rejected=told((*wrong, *outcome.rejected)),
        )

    async def finish_import(
        self, call: Call, request: pb.FinishImportRequest
    ) -> pb.FinishImportResponse:
        now_us = self._clock.now_us()
        folded = await fold_history(self._store, request.import_id, now_us)
        totals = await self._means.imports.announce(request.import_id, folded.persons, now_us)
        log_parked(folded.parked)
        return pb.FinishImportResponse(
            persons=totals.persons, events=totals.events, parked=len(folded.parked)
        )

    async def import_customers(
        self, call: Call, request: pb.ImportCustomersRequest
    ) -> pb.ImportCustomersResponse:
        rows, wrong = await read_customers(request.customers, self._means.intake.identity)
        now_us = self._clock.now_us()
        store = Rehearsal(self._store) if request.dry_run else self._store
        written = await write_customers(store, rows, now_us=now_us, new_id=self._new_id)
        if not request.dry_run:
            await self._means.watchers.tell(written.touched)
        return pb.ImportCustomersResponse(
            created=written.created,
            updated=written.updated,
            rejected=told((*wrong, *written.rejected)),
        )

    async def get_profile(self, call: Call, request: pb.GetProfileRequest) -> pb.GetProfileResponse:
        if request.person_id:
            person = await find_by_id(self._means.profiles, request.person_id)
        else:
            person = await self._find(request, request.confirmed_person_id)
        if not person.is_known:
            return pb.GetProfileResponse(
                ambiguous=person.is_ambiguous, choices=map(choice_message, person.choices)
            )
        # Before it is shown: whoever is not written down sees nothing.
        await self._means.exports.note(call, Action.READ, person.person_ids)
        found = await self._means.profiles.record(person.person_ids)
        definitions = self._means.in_force().for_person(person.oldest_id)
        now_us = self._clock.now_us()
        message = profile_message(person, found, self._means.tiers.tiers, now_us, definitions)
        if request.with_audit:
            message.audit.extend(await self._means.exports.latest(person.person_ids))
        return message

    async def watch_profile(
        self, call: Call, request: pb.WatchProfileRequest
    ) -> AsyncIterator[pb.WatchProfileResponse]:
        shown: tuple[object, ...] | None = None
        cause = ""
        while True:
            person = await self._find(request, "")
            with self._means.watchers.watching(person.person_ids) as watch:
                # Looked up again: what happened in between was not told to this watch yet.
                person = await self._find(request, "")
                now = (person.person_ids, person.standing_token, person.seq)
                if now != shown:
                    shown = now
                    yield pb.WatchProfileResponse(
                        person_ids=person.person_ids, seq=person.seq, cause=cause
                    )
                cause = await _next_cause(watch)

    async def link_persons(
        self, call: Call, request: pb.LinkPersonsRequest
    ) -> pb.LinkPersonsResponse:
        joined = await persons.link(
            self._store,
            request.person_id,
            request.other_person_id,
            request.idempotency_key,
            now_us=self._clock.now_us(),
            new_id=self._new_id,
            by=by(call),
        )
        await self._means.watchers.tell(joined.touched)
        return pb.LinkPersonsResponse(link_id=joined.link_id, person_ids=joined.person_ids)

    async def unlink_persons(
        self, call: Call, request: pb.UnlinkPersonsRequest
    ) -> pb.UnlinkPersonsResponse:
        parted = await persons.unlink(
            self._store,
            request.link_id,
            request.person_id,
            request.other_person_id,
            now_us=self._clock.now_us(),
            by=by(call),
        )
        await self._means.watchers.tell(parted.touched)
        return pb.UnlinkPersonsResponse(
            person_ids=parted.person_ids, other_person_ids=parted.other_person_ids
        )

    async def detach_identity(
        self, call: Call, request: pb.DetachIdentityRequest
    ) -> pb.DetachIdentityResponse:
        identity = Identity(request.identity.kind, request.identity.value, request.identity_key.key)
        detached = await persons.detach(
            self._store,
            identity,
            now_us=self._clock.now_us(),
            new_id=self._new_id,
            by=by(call),
        )
        await self._means.watchers.tell(detached.touched)
        return pb.DetachIdentityResponse(
            person_id=detached.person_id, former_person_ids=detached.former_person_ids
        )

    async def stream_events(
        self, call: Call, request: pb.StreamEventsRequest
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        wanted = Filter(request.types, since_us, request.origins, request.person_ids)
        async for position, rows in self._means.streams.events(request.position, wanted):
            events = event_columns(rows, measured=request.measured)
            yield pb.StreamEventsResponse(position=position, events=events)

    async def stream_history(
        self, call: Call, request: pb.StreamHistoryRequest
    ) -> AsyncIterator[pb.StreamHistoryResponse]:
        demand_permission(call)
        tiers: Tiers | None = self._means.tiers.tiers
        async for position, end, rows in self._means.streams.history(request.position):
            response = pb.StreamHistoryResponse(position=position, end=end)
            response.events.CopyFrom(history_columns(rows))
            if tiers is not None:
                response.tiers.SetInParent()
                if tiers != NO_TIERS:
                    response.tiers.top_micros = tiers.top_micros
                    response.tiers.high_micros = tiers.high_micros
                    response.tiers.medium_micros = tiers.medium_micros
            tiers = None
            yield response

    async def stream_identities(
        self, call: Call, request: pb.StreamIdentitiesRequest
    ) -> AsyncIterator[pb.StreamIdentitiesResponse]:
        async for position, rows in self._means.streams.identities(request.position):
            yield identity_columns(position, rows)

    async def set_relationship(
        self, call: Call, request: pb.SetRelationshipRequest
    ) -> pb.SetRelationshipResponse:
        return await self._means.relationships.begin(request)

    async def end_relationship(
        self, call: Call, request: pb.EndRelationshipRequest
    ) -> pb.EndRelationshipResponse:
        return await self._means.relationships.end(request)

    async def list_clients(
        self, call: Call, request: pb.ListClientsRequest
    ) -> pb.ListClientsResponse:
        listed = await self._means.relationships.clients(request)
        seen = [person_id for client in listed.clients for person_id in client.person_ids]
        await self._means.exports.note(call, Action.READ, seen)
        return listed

    async def next_question(
        self, call: Call, request: pb.NextQuestionRequest
    ) -> pb.NextQuestionResponse:
        return await self._means.questions.next(request)

    async def reach_person(
        self, call: Call, request: pb.ReachPersonRequest
    ) -> pb.ReachPersonResponse:
        return await self._means.reaching.reach(call, request)

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        keys = [each.key for each in request.identity_keys]
        erased = await self._means.erasures.erase(
            keys, request.person_ids, self._clock.now_us(), by(call)
        )
        return pb.ErasePersonResponse(person_ids=erased.person_ids, rows=erased.rows)

    async def export_person(
        self, call: Call, request: pb.ExportPersonRequest
    ) -> AsyncIterator[pb.ExportPersonResponse]:
        async for response in self._means.exports.person(call, request):
            yield response

    async def stream_audit(
        self, call: Call, request: pb.StreamAuditRequest
    ) -> AsyncIterator[pb.StreamAuditResponse]:
        async for response in self._means.exports.audit(call, request):
            yield response

    async def list_webhooks(
        self, call: Call, request: pb.ListWebhooksRequest
    ) -> pb.ListWebhooksResponse:
        return pb.ListWebhooksResponse(webhooks=await self._means.webhooks.all())

    async def replay_webhook(
        self, call: Call, request: pb.ReplayWebhookRequest
    ) -> pb.ReplayWebhookResponse:
        return pb.ReplayWebhookResponse(webhook=await self._means.webhooks.go_on(request))

    async def _find(self, request: Any, confirmed_person_id: str) -> Person:
        who = _identities(request)
        return self._sure(who, await find_person(self._means.profiles, who, confirmed_person_id))

    def _sure(self, who: Sequence[Identity], person: Person) -> Person:
        """Return the person known no more surely than the definitions let this identity say."""
        kind = who[person.used_identity].kind
        most = self._means.definitions("").assurances.get(kind)
        if most is not None and not person.is_confirmed:
            person.assurance = min(person.assurance, most)
            # A visitor is nobody else than whoever comes with the cookie.
            person.is_guessed = most == Assurance.ANONYMOUS and kind != VISITOR
        return person

    def _new_id(self) -> str:
        return uuid7(self._clock.now_us() // 1000)


async def _next_cause(watch: Watch) -> str:
    """Return what happens next to the watched, or nothing after a while."""
    try:
        async with asyncio.timeout(_LOOK_AGAIN_S):
            return (await watch.get()).cause
    except TimeoutError:
        return ""


def _identities(request: Any) -> list[Identity]:
    return [
        Identity(identity.kind, identity.value, key.key)
        for identity, key in zip(request.identities, request.identity_keys, strict=True)
    ]

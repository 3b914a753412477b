"""The export of one person, and the trail of who read what, as messages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.profile.domain import audit, consent
from services.profile.domain.audit import Action, By, Entry, Note
from services.profile.domain.lookup import Person, Profiles, find_by_id
from services.profile.domain.reading import Tiers
from services.profile.snapshot import snapshot_of
from services.profile.storage.audit_trail import AuditTrail
from services.profile.storage.export import PersonExport
from services.profile.storage.upkeep import TierReader
from services.profile.timestamps import timestamp
from shared.call import Call
from shared.clock import BusinessClock
from shared.errors import NotFound
from shared.person_export import demand_permission, plain_message, slices
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1 import profile_service_pb2 as pb
from touchpoint.profile.v1.profile_pb2 import AuditEntry, AuditVerification

_SHOWN = 50


@dataclass(frozen=True, slots=True)
class ExportDesk:
    """One method per rpc; whoever sees or changes a record is written down here."""

    export: PersonExport
    trail: AuditTrail
    profiles: Profiles
    tiers: TierReader
    clock: BusinessClock

    async def note(self, call: Call, action: Action, person_ids: Iterable[str]) -> None:
        """Return once the trail holds who did what with whose record."""
        made_by = by(call)
        await self.trail.note([Note(made_by, action, person_id) for person_id in person_ids])

    async def latest(self, person_ids: Iterable[str]) -> Iterator[AuditEntry]:
        """Return who lately read or changed the records of persons, newest first."""
        pseudonym = self.trail.sealer.pseudonym
        named = {pseudonym(person_id): person_id for person_id in person_ids}
        return _messages(await self.trail.latest(list(named), _SHOWN), named)

    async def person(
        self, call: Call, request: pb.ExportPersonRequest
    ) -> AsyncIterator[pb.ExportPersonResponse]:
        """Yield what the state says as of now, then every row; raises NotFound."""
        demand_permission(call)
        person = await find_by_id(self.profiles, request.person_ids[0])
        if not set(request.person_ids) <= set(person.person_ids):
            raise NotFound("there is no person of whom all these are", reason="PERSON_NOT_FOUND")
        await self.note(call, Action.EXPORTED, person.person_ids)
        for table, found in _read(person, self.tiers.tiers, self.clock.now_us()).items():
            for rows in slices(found):
                yield pb.ExportPersonResponse(table=table, rows=rows)
        async for table, rows in self.export.tables(person.person_ids):
            yield pb.ExportPersonResponse(table=table, rows=rows)

    async def audit(
        self, call: Call, request: pb.StreamAuditRequest
    ) -> AsyncIterator[pb.StreamAuditResponse]:
        """Yield the trail, and at last whether it is whole."""
        demand_permission(call)
        pseudonym = self.trail.sealer.pseudonym
        named = {pseudonym(person_id): person_id for person_id in request.person_ids}
        async for entries in self.trail.entries(request.position, list(named)):
            yield pb.StreamAuditResponse(entries=_messages(entries, named))
        if request.verify:
            yield pb.StreamAuditResponse(verification=_outcome(await self.trail.verified()))


def by(call: Call) -> By:
    """Return who calls, and through which rpc."""
    return By(call.caller.name, call.rpc)


def _read(person: Person, tiers: Tiers, now_us: int) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    state = person.state()
    snapshot = snapshot_of(person, Arm.UNSPECIFIED, tiers, now_us)
    attributes = sorted(state.attributes.items())
    return {
        "consents": [
            {
                "purpose": purpose,
                "granted": not word.refused,
                "stands": word.stands(now_us),
                "changed_us": word.time_us,
                "source": word.source,
                "expires_us": word.until_us if word.until_us < consent.NEVER else None,
            }
            for purpose, word in sorted(state.consents.items())
        ],
        "attributes": [
            {"name": name, "value": value, "said_us": said_us}
            for name, (said_us, value) in attributes
            if value
        ],
        "snapshot": [plain_message(snapshot)],
    }


def _messages(entries: Sequence[Entry], named: Mapping[bytes, str]) -> Iterator[AuditEntry]:
    for entry in entries:
        yield AuditEntry(
            position=entry.position,
            time=timestamp(entry.time_us),
            caller=entry.caller,
            rpc=entry.rpc,
            action=entry.action,
            pseudonym=entry.pseudonym,
            person_id=named.get(entry.pseudonym, ""),
        )


def _outcome(walk: audit.Verification) -> AuditVerification:
    intact = AuditVerification(intact=walk.position)
    if walk.found is not None:
        intact.break_position = max(walk.found.position, 0)
        intact.damage = walk.found.damage
    return intact

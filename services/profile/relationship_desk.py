"""Answers what is asked of the people around a customer: who looks after whom."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.profile import relations
from services.profile.domain import looking_after
from services.profile.domain.clients import (
    Asked,
    Client,
    ClientRecord,
    ClientRecords,
    client_of,
    pressing_first,
)
from services.profile.domain.identity import Identity
from services.profile.domain.lookup import Profiles, find_by_id, find_person
from services.profile.domain.ports import Transactions
from services.profile.storage.upkeep import TierReader
from shared.clock import BusinessClock
from shared.errors import Ambiguous, NotFound
from touchpoint.profile.v1 import profile_service_pb2 as pb

_PAGE = 100
_AT_ONCE = 10
"""Clients looked at before other requests get their turn: a few milliseconds of each page."""


@dataclass(frozen=True, slots=True)
class RelationshipDesk:
    """One method per rpc."""

    store: Transactions
    profiles: Profiles
    records: ClientRecords
    tiers: TierReader
    clock: BusinessClock

    async def begin(self, request: pb.SetRelationshipRequest) -> pb.SetRelationshipResponse:
        """Name who looks after a person; NotFound, Ambiguous, or InvalidArgument for a time."""
        now_us = self.clock.now_us()
        wanted = relations.wanted(request, now_us)
        wanted = wanted._replace(person_id=await self._person(request))
        says_when = request.HasField("from_time")
        held = await looking_after.begin(self.store, wanted, says_when=says_when)
        return pb.SetRelationshipResponse(relationships=relations.relationships(held, now_us))

    async def end(self, request: pb.EndRelationshipRequest) -> pb.EndRelationshipResponse:
        """Let nobody have a role any more; raises NotFound and Ambiguous."""
        now_us = self.clock.now_us()
        until_us = relations.time_us(request, "until_time", now_us)
        person_id = await self._person(request)
        held = await looking_after.end(self.store, person_id, request.role, until_us, now_us=now_us)
        return pb.EndRelationshipResponse(relationships=relations.relationships(held, now_us))

    async def clients(self, request: pb.ListClientsRequest) -> pb.ListClientsResponse:
        """Return a page of an owner's clients."""
        now_us = self.clock.now_us()
        at_most = request.page_size or _PAGE
        asked = Asked(request.owner_id, request.role, request.page_token, at_most, now_us)
        records = await self.records.page(asked)
        found = await self._read(records, asked)
        listed = [client for client in found if client.due or not request.only_due]
        return pb.ListClientsResponse(
            clients=relations.clients(pressing_first(listed), now_us),
            next_page_token=records[-1].group_id if len(records) == at_most else "",
        )

    async def _read(self, records: Sequence[ClientRecord], asked: Asked) -> list[Client]:
        found = []
        for place, record in enumerate(records):
            client = client_of(record, asked, self.tiers.tiers)
            if client is not None:
                found.append(client)
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    async def _person(self, request: Any) -> str:
        """Return the person whose identity counts; raises NotFound and Ambiguous."""
        if request.person_id:
            person = await find_by_id(self.profiles, request.person_id)
        else:
            who = [
                Identity(identity.kind, identity.value, key.key)
                for identity, key in zip(request.identities, request.identity_keys, strict=True)
            ]
            person = await find_person(self.profiles, who, request.confirmed_person_id)
        if person.is_ambiguous:
            raise Ambiguous("the identity fits several people: confirm one of them first")
        if not person.is_known:
            raise NotFound("nobody is known by that", reason="PERSON_NOT_FOUND")
        return person.own_id

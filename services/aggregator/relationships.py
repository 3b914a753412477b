"""Hands who looks after whom on to profile, which owns it, and puts client lists into words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.aggregator.domain.client_words import word_due
from services.aggregator.domain.definitions import Definitions
from services.aggregator.identification import Identification
from services.aggregator.peers import Peers
from services.aggregator.pipeline.wording import Wording
from services.aggregator.view.sections import currency_of
from services.aggregator.view.traits import money
from shared.call import Call
from shared.catalogue import Catalogue
from shared.client import invoke
from shared.clock import BusinessClock
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.profile.v1 import profile_pb2
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

LONGEST_S = 1.0
_PAGE_S = 10.0
"""For a page of clients."""


class RelationshipDesk:
    """One method per rpc."""

    def __init__(
        self,
        peers: Peers,
        identification: Identification,
        wording: Wording,
        catalogue: Catalogue,
        clock: BusinessClock,
        definitions: Callable[[], Definitions],
    ) -> None:
        self._profile = peers.profile
        self._identification = identification
        self._wording = wording
        self._catalogue = catalogue
        self._clock = clock
        self._definitions = definitions

    async def begin(
        self, call: Call, request: pb.SetRelationshipRequest
    ) -> pb.SetRelationshipResponse:
        """Name who looks after a person; raises NotFound and Ambiguous."""
        asked = profile_pb.SetRelationshipRequest(
            role=request.role, owner_id=request.owner_id, **self._who(request)
        )
        for name in ("from_time", "until_time"):
            if request.HasField(name):
                getattr(asked, name).CopyFrom(getattr(request, name))
        answered = await invoke(self._profile.SetRelationship, asked, call, LONGEST_S)
        return pb.SetRelationshipResponse(relationships=answered.relationships)

    async def end(
        self, call: Call, request: pb.EndRelationshipRequest
    ) -> pb.EndRelationshipResponse:
        """End what somebody is to a person; raises NotFound and Ambiguous."""
        asked = profile_pb.EndRelationshipRequest(role=request.role, **self._who(request))
        if request.HasField("until_time"):
            asked.until_time.CopyFrom(request.until_time)
        answered = await invoke(self._profile.EndRelationship, asked, call, LONGEST_S)
        return pb.EndRelationshipResponse(relationships=answered.relationships)

    async def clients(self, call: Call, request: pb.ListClientsRequest) -> pb.ListClientsResponse:
        """Return a page of an owner's clients."""
        asked = profile_pb.ListClientsRequest(
            owner_id=request.owner_id,
            role=request.role,
            only_due=request.only_due,
            page_size=request.page_size,
            page_token=request.page_token,
        )
        answered = await invoke(self._profile.ListClients, asked, call, _PAGE_S)
        return pb.ListClientsResponse(
            clients=[self._client(client, request.locale) for client in answered.clients],
            next_page_token=answered.next_page_token,
        )

    def _who(self, request: Any) -> dict[str, Any]:
        named = self._identification.named(request.identities, request.confirmed_person_id)
        return {
            "identities": named.identities,
            "identity_keys": named.keys,
            "confirmed_person_id": named.confirmed_person_id,
        }

    def _client(self, client: profile_pb2.Client, locale: str) -> pb.Client:
        oldest = min(
            (held.from_time for held in client.relationships),
            key=lambda since: since.ToMicroseconds(),
        )
        currency = currency_of(self._catalogue, self._definitions().exchange)
        return pb.Client(
            person_id=client.person_ids[0],
            customer_id=client.customer_id,
            name=client.name,
            roles=[held.role for held in client.relationships],
            from_time=oldest,
            value_tier=client.value_tier,
            recency_days=client.recency_days,
            monetary=money(client.monetary_micros, currency),
            due=[self._word_due(due, locale) for due in client.due],
        )

    def _word_due(self, due: profile_pb2.WordDue, locale: str) -> pb.WordDue:
        title = self._wording.title(due.family_no)
        text = word_due(due.code, due.time.ToMicroseconds(), title, self._clock.now_us(), locale)
        return pb.WordDue(
            code=due.code,
            text=text,
            time=due.time,
            item_id=self._wording.offer_id(due.family_no),
        )

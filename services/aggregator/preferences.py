"""Shows people what they said and what is kept of it; they change it by what they do (`Track`)."""

from __future__ import annotations

from collections.abc import Iterator

from services.aggregator.identification import Identification
from services.aggregator.peers import Peers
from services.aggregator.pipeline.wording import Wording
from services.aggregator.view import sections
from shared.call import Call
from shared.client import invoke
from shared.clock import BusinessClock
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb

LONGEST_S = 1.0


class PreferenceDesk:
    """One method per rpc."""

    def __init__(
        self, peers: Peers, identification: Identification, wording: Wording, clock: BusinessClock
    ) -> None:
        self._profile = peers.profile
        self._identification = identification
        self._wording = wording
        self._clock = clock

    async def show(
        self, call: Call, request: pb.GetPreferencesRequest
    ) -> pb.GetPreferencesResponse:
        """Return what somebody may see and change; of several people that fit, nothing."""
        named = self._identification.named(request.identities)
        asked = profile_pb.GetProfileRequest(
            identities=named.identities, identity_keys=named.keys, with_audit=True
        )
        record = await invoke(self._profile.GetProfile, asked, call, LONGEST_S)
        known = bool(record.snapshot.person_ids)
        shown = pb.GetPreferencesResponse(
            known=known,
            ambiguous=record.ambiguous,
            consents=sections.consents(record),
            dislikes=self._dislikes(record),
            attributes=record.attributes,
            identities=sections.who(record).identities,
            reads=record.audit if known else (),
        )
        shown.as_of_time.FromMicroseconds(self._clock.now_us())
        return shown

    def _dislikes(self, record: profile_pb.GetProfileResponse) -> Iterator[pb.StatedDislike]:
        for said in record.dislikes:
            yield pb.StatedDislike(
                item_id=self._wording.offer_id(said.family_no),
                title=self._wording.title(said.family_no),
                category=said.category,
                brand=said.brand,
                said_time=said.said_time,
            )

"""Lets other systems ask before they approach a person."""

from __future__ import annotations

from collections.abc import Callable

from services.aggregator.domain.definitions import Definitions
from services.aggregator.identification import Identification
from services.aggregator.peers import Peers
from services.aggregator.pipeline.question import Named
from shared.call import Call
from shared.catalogue import Catalogue
from shared.client import invoke
from shared.errors import Ambiguous, FieldViolation, InvalidArgument
from shared.refusals import refuses
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_pb2 import Contacts
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import ContactBalance

MARKETING = "marketing"
LONGEST_S = 1.0
_WHO_S = 0.4
"""For finding the person, and what they refused."""


class ContactDesk:
    """Resolves the person through profile and reserves at rules."""

    def __init__(
        self,
        peers: Peers,
        identification: Identification,
        catalogue: Catalogue,
        definitions: Callable[[], Definitions],
    ) -> None:
        self._peers = peers
        self._identification = identification
        self._catalogue = catalogue
        self._definitions = definitions

    async def reserve(
        self, call: Call, request: pb.ReserveContactRequest
    ) -> pb.ReserveContactResponse:
        """Say whether the person may be approached; raises Ambiguous for one of several people.

        While profile does not answer nobody may: they may have refused. Raises its error.
        """
        policy = request.policy or MARKETING
        self._refuse_unknown(policy, request.offer_id)
        named = self._identification.named(request.identities)
        person = await self._person(call, named)
        if refuses(person, policy, request.channel):
            return pb.ReserveContactResponse(reason=RemovalCode.NO_CONSENT)
        asked = rules_pb.ReserveContactRequest(
            contact_id=request.contact_id,
            person_ids=person.person_ids,
            identity_keys=named.keys,
            policy=policy,
            channel=request.channel,
            offer_no=self._catalogue.offer_no(request.offer_id),
        )
        answered = await invoke(self._peers.rules.ReserveContact, asked, call, LONGEST_S)
        return pb.ReserveContactResponse(
            granted=answered.granted,
            contacts=contacts(answered.balance),
            reason=RemovalCode.UNSPECIFIED if answered.granted else RemovalCode.CONTACT_LIMIT,
        )

    async def release(
        self, call: Call, request: pb.ReleaseContactRequest
    ) -> pb.ReleaseContactResponse:
        """Give a contact back; repeating it changes nothing."""
        asked = rules_pb.ReleaseContactRequest(contact_id=request.contact_id)
        answered = await invoke(self._peers.rules.ReleaseContact, asked, call, LONGEST_S)
        return pb.ReleaseContactResponse(released=answered.released)

    def _refuse_unknown(self, policy: str, offer_id: str) -> None:
        wrong = []
        policies = self._definitions().contact_policies
        if policy not in policies:
            text = f"is no contact limit; there are {', '.join(sorted(policies))}"
            wrong.append(FieldViolation("policy", text))
        if offer_id and not self._catalogue.offer_no(offer_id):
            wrong.append(FieldViolation("offer_id", "is no offer of the catalogue"))
        if wrong:
            raise InvalidArgument(wrong)

    async def _person(self, call: Call, named: Named) -> PersonSnapshot:
        request = GetSnapshotRequest(
            identities=named.identities, identity_keys=named.keys, keep_unknown=True
        )
        found = await invoke(self._peers.profile.GetSnapshot, request, call, _WHO_S)
        if found.ambiguous:
            raise Ambiguous("the identity fits several people, so none of them is approached")
        return PersonSnapshot.FromString(found.snapshot)


def contacts(balance: ContactBalance) -> Contacts:
    """Write what is left of a limit."""
    found = Contacts(used=balance.used, limit=balance.limit)
    if balance.HasField("free_time"):
        found.free_at.CopyFrom(balance.free_time)
    return found

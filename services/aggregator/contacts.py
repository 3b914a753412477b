"""Lets other systems ask before they approach a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.aggregator.domain.definitions import Definitions
from services.aggregator.identification import Identification
from services.aggregator.peers import Peers
from services.aggregator.pipeline.question import Named
from shared.call import Call, Caller
from shared.catalogue import Catalogue
from shared.client import invoke
from shared.errors import Ambiguous, FieldViolation, InvalidArgument
from shared.refusals import refuses
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.aggregator.v1.aggregator_pb2 import ContactLimitState, Contacts
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.profile.v1.profile_service_pb2 import GetSnapshotRequest
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import ContactBalance

MARKETING = "marketing"
TRANSACTIONAL = "transactional"
POLICY = "contact_policy"
"""The attribute by which an offer names its policy."""
LONGEST_S = 1.0
_USUAL = {True: RemovalCode.UNSPECIFIED, False: RemovalCode.CONTACT_LIMIT}
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
        offer_no = self._catalogue.offer_no(request.offer_id)
        policy = request.policy or self._policy_of(offer_no)
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
            offer_no=offer_no,
            time_zone=person.time_zone,
            reserved_by=_owner(call.caller),
        )
        answered = await invoke(self._peers.rules.ReserveContact, asked, call, LONGEST_S)
        response = pb.ReserveContactResponse(
            granted=answered.granted,
            contacts=contacts(answered.balance),
            reason=answered.reason or _USUAL[answered.granted],
            rule=answered.rule,
        )
        if answered.HasField("free_time"):
            response.free_at.CopyFrom(answered.free_time)
        return response

    async def release(
        self, call: Call, request: pb.ReleaseContactRequest
    ) -> pb.ReleaseContactResponse:
        """Give a contact back; repeating it changes nothing.

        Raises PermissionDenied for one that another caller reserved, or a decision or a journey.
        """
        asked = rules_pb.ReleaseContactRequest(
            contact_id=request.contact_id, released_by=_owner(call.caller)
        )
        answered = await invoke(self._peers.rules.ReleaseContact, asked, call, LONGEST_S)
        return pb.ReleaseContactResponse(released=answered.released)

    def _policy_of(self, offer_no: int) -> str:
        if not offer_no:
            return MARKETING
        return self._catalogue.details(offer_no).attributes.get(POLICY, MARKETING)

    def _refuse_unknown(self, policy: str, offer_id: str) -> None:
        wrong = []
        policies = self._definitions().contact_policies | {MARKETING, TRANSACTIONAL}
        if policy not in policies:
            text = f"is no contact policy; there are {', '.join(sorted(policies))}"
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


def _owner(caller: Caller) -> str:
    """Return to whom a caller's contacts belong; empty where it may do everything."""
    return "" if caller.grants is None or caller.grants.everything else caller.name


def contacts(balance: ContactBalance) -> Contacts:
    """Write what is left of a limit."""
    found = Contacts(used=balance.used, limit=balance.limit, rule=balance.rule)
    if balance.HasField("free_time"):
        found.free_at.CopyFrom(balance.free_time)
    return found


def tightest(balances: Sequence[ContactBalance]) -> ContactBalance | None:
    """Return of the limits on all marketing the one that has least left."""
    general = [
        each
        for each in balances
        if each.policy == MARKETING
        and not (each.channels or each.offer_no or each.group or each.kinds)
    ]
    return min(general, key=lambda each: each.limit - min(each.used, each.limit), default=None)


def limit_state(balance: ContactBalance, offer_id: str) -> ContactLimitState:
    """Write how far a limit is used up; `offer_id` is of the only offer that it holds for."""
    found = ContactLimitState(
        rule=balance.rule,
        policy=balance.policy,
        channels=balance.channels,
        offer_id=offer_id,
        group=balance.group,
        kinds=balance.kinds,
        used=balance.used,
        limit=balance.limit,
    )
    if balance.HasField("free_time"):
        found.free_at.CopyFrom(balance.free_time)
    return found

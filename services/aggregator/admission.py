"""What the edge holds its callers to beyond their scopes: channels, and of browsers who it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from google.protobuf.message import Message

from services.aggregator.browsers import foreign_identity, shown_to_browsers
from services.aggregator.domain.vocabulary import Channel, name_of
from shared.call import Call, Caller
from shared.callers.visitors import VisitorIds
from shared.errors import PermissionDenied
from shared.middleware.authorisation import demand
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.identity_pb2 import Identity

_EDGE = "/touchpoint.aggregator.v1.AggregatorService/"
_BY_RPC: Mapping[str, str] = {
    "Recommend": "offers:read",
    "Track": "events:write",
    "NewVisitor": "visitors:issue",
    "NextQuestion": "questions:ask",
    "GetCustomerView": "customers:read",
    "WatchCustomer": "customers:read",
    "ExplainDecision": "decisions:read",
    "SetAgentStatus": "tasks:work",
    "WatchTasks": "tasks:work",
    "ClaimTask": "tasks:work",
    "CompleteTask": "tasks:work",
    "SnoozeTask": "tasks:work",
    "ReserveContact": "contacts:reserve",
    "ReleaseContact": "contacts:reserve",
    "SetRelationship": "relationships:write",
    "EndRelationship": "relationships:write",
    "ListClients": "clients:read",
    "GetPreferences": "preferences:read",
    # The token of a link says who may do what: mail readers post it by themselves.
    "Unsubscribe": "public",
}
NEEDS: Mapping[str, str] = {_EDGE + rpc: scope for rpc, scope in _BY_RPC.items()}
"""Method to the scope that it needs. What is not listed, nobody with a key may call."""

_ON_A_CHANNEL: Mapping[type[Message], str] = {
    pb.RecommendRequest: "offers:read",
    pb.NextQuestionRequest: "questions:ask",
    pb.ReserveContactRequest: "contacts:reserve",
}
"""Requests that say on which channel they are, with the scope that must hold for it. Of events each
stands or falls by itself."""


class EdgeAdmission:
    """Completes requests and answers, for the callers that need it."""

    def __init__(
        self, visitors: VisitorIds, default_channel: int = 0, default_placement: str = ""
    ) -> None:
        """Take what requests are about where neither they nor their caller's key say so."""
        self._visitors = visitors
        self._channel = default_channel
        self._placement = default_placement

    def request(self, call: Call, request: Message) -> Message:
        """Return the request with its channel and placement; raises PermissionDenied."""
        completed = self._completed(call.caller, request)
        scope = _ON_A_CHANNEL.get(type(completed))
        if scope is not None and call.caller.grants is not None:
            _demand_channel(call, scope, completed)
        if call.caller.is_browser:
            self._demand_own(call.caller, completed)
        return completed

    def response(self, call: Call, response: Message) -> Message:
        """Return of an answer what its caller may have."""
        return shown_to_browsers(response) if call.caller.is_browser else response

    def _completed(self, caller: Caller, request: Any) -> Message:
        complete = _COMPLETING.get(type(request))
        if complete is None:
            return request  # type: ignore[no-any-return]
        channel = caller.channel or self._channel
        completed: Message = complete(request, channel, caller.placement or self._placement)
        return completed

    def _demand_own(self, caller: Caller, request: Any) -> None:
        """Refuse what a browser says of anybody whom it did not prove to be."""
        for name in _STAFF_ONLY.get(type(request), ()):
            if name in {field.name for field, _ in request.ListFields()}:
                raise PermissionDenied(f"{name} is not for browsers", reason="NOT_FOR_BROWSERS")
        if isinstance(request, pb.RecommendRequest | pb.NextQuestionRequest):
            demand_own(caller, request.identities, self._visitors)


def demand_own(caller: Caller, identities: Iterable[Identity], visitors: VisitorIds) -> None:
    """Raise PermissionDenied for the first identity that a browser did not prove to be its own."""
    for at, identity in enumerate(identities):
        wrong = foreign_identity(caller, identity, visitors)
        if wrong:
            raise PermissionDenied(
                f"identities[{at}]: {wrong}",
                reason="NOT_YOURS",
                metadata={"field": f"identities[{at}]"},
            )


def _demand_channel(call: Call, scope: str, request: Any) -> None:
    channel = request.channel
    # A number that is no channel is no matter of permission: validation says what is wrong with it.
    if channel and channel in Channel._value2member_map_:
        demand(call, scope, channel, name_of(Channel, channel))


_STAFF_ONLY: Mapping[type[Message], tuple[str, ...]] = {
    pb.RecommendRequest: ("on_behalf", "explain"),
    pb.NextQuestionRequest: ("confirmed_person_id",),
}

Complete = Callable[[Any, int, str], Message]


def _recommend(asked: pb.RecommendRequest, channel: int, placement: str) -> Message:
    if (asked.channel or not channel) and (asked.placements or not placement):
        return asked
    completed = pb.RecommendRequest()
    completed.CopyFrom(asked)
    completed.channel = asked.channel or channel  # type: ignore[assignment]
    if placement and not asked.placements:
        completed.placements.add(placement=placement)
    return completed


def _track(asked: pb.TrackRequest, channel: int, _: str) -> Message:
    if not channel or all(event.channel for event in asked.events):
        return asked
    completed = pb.TrackRequest()
    completed.CopyFrom(asked)
    for event in completed.events:
        event.channel = event.channel or channel  # type: ignore[assignment]
    return completed


def _on_channel(asked: Any, channel: int, _: str) -> Message:
    if asked.channel or not channel:
        return asked  # type: ignore[no-any-return]
    completed: Any = type(asked)()
    completed.CopyFrom(asked)
    completed.channel = channel
    return completed  # type: ignore[no-any-return]


_COMPLETING: Mapping[type[Message], Complete] = {
    pb.RecommendRequest: _recommend,
    pb.TrackRequest: _track,
    pb.NextQuestionRequest: _on_channel,
    pb.ReserveContactRequest: _on_channel,
}

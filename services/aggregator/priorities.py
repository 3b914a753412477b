"""Which requests are refused first when there are more than can be served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import Message

from services.aggregator.domain.vocabulary import Channel
from services.aggregator.tracking import WRITE
from shared.call import Call
from shared.overload.priority import Priority
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb

OF_CHANNEL: Mapping[int, Priority] = {
    Channel.EMAIL: Priority.BATCH,
    Channel.SMS: Priority.BATCH,
    Channel.PUSH: Priority.BATCH,
    Channel.DIRECT_MAIL: Priority.BATCH,
    Channel.WEB: Priority.WEB,
    Channel.APP: Priority.WEB,
    Channel.IVR: Priority.IVR,
    Channel.CALL_CENTER: Priority.AGENT,
    Channel.CHAT: Priority.AGENT,
    Channel.STORE: Priority.AGENT,
}
"""Of a Recommend by its channel, of a Track by that of its first event."""

OF_REQUEST: Mapping[type[Message], Priority] = {
    # People see these pages themselves, and other systems ask before they write.
    pb.GetPreferencesRequest: Priority.WEB,
    pb.NextQuestionRequest: Priority.WEB,
    pb.NewVisitorRequest: Priority.WEB,
    pb.ReserveContactRequest: Priority.BATCH,
    pb.ListClientsRequest: Priority.IVR,
    pb.ExplainDecisionRequest: Priority.IVR,
    # Whoever ends a consent, or gives a contact back, is not sent away.
    pb.UnsubscribeRequest: Priority.AGENT,
    pb.ReleaseContactRequest: Priority.AGENT,
}
"""What is not here is an agent's, as GetCustomerView, WatchTasks and ClaimTask are."""


def prioritise(call: Call, request: Any) -> Priority:
    """Return how much is lost when a request is refused."""
    if isinstance(request, pb.RecommendRequest):
        # Without a channel it is refused for that, and quickly.
        return OF_CHANNEL.get(request.channel, Priority.WEB)
    if isinstance(request, pb.TrackRequest):
        first = request.events[0].channel if request.events else Channel.UNSPECIFIED
        # What its caller may not tell is refused by itself, later: until then it is nothing.
        may = call.caller.may(WRITE, first)
        return OF_CHANNEL.get(first, Priority.WEB) if may else Priority.WEB
    return OF_REQUEST.get(type(request), Priority.AGENT)

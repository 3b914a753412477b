"""Which requests are refused first when there are more than can be served."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from services.aggregator.domain.vocabulary import Channel
from shared.call import Call
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest

WHOLE = 1.0
SHARES: Mapping[int, float] = {
    # In batches, and it can be sent later.
    Channel.EMAIL: 0.5,
    Channel.SMS: 0.5,
    Channel.PUSH: 0.5,
    Channel.DIRECT_MAIL: 0.5,
    # A page without recommendations is still a page.
    Channel.WEB: 0.8,
    Channel.APP: 0.8,
    # Somebody waits on the line.
    Channel.IVR: 0.9,
    # Somebody waits, and somebody waits with them.
    Channel.CALL_CENTER: WHOLE,
    Channel.CHAT: WHOLE,
    Channel.STORE: WHOLE,
}
"""Channel of a Recommend to the part of the capacity that it may fill."""


def share(call: Call, request: Message) -> float:
    """Return the part of the capacity that a request may fill; all but Recommend may fill it."""
    del call
    if isinstance(request, RecommendRequest):
        return SHARES.get(request.channel, WHOLE)
    return WHOLE

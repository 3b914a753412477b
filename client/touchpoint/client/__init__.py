"""A thin typed client of Touchpoint's edge, blocking and async.

    from touchpoint.client import Touchpoint

    with Touchpoint("127.0.0.1:7400") as touchpoint:
        answer = touchpoint.recommend("customer:C20001", channel="WEB", placement="web.home.banner")
        for offer in answer.placements[0].recommendations:
            print(offer.creative.title, "-", offer.reasons[0].text)

Every rpc of the edge is at hand, typed, as `touchpoint.stub.<Rpc>(request)`.
"""

from touchpoint.client.connection import AsyncTouchpoint, Touchpoint
from touchpoint.client.errors import CallError, Throttled, Violation, call_error
from touchpoint.client.requests import (
    Wanted,
    cart_item,
    channel,
    event,
    identity,
    recommend_request,
    track_request,
)

__all__ = [
    "AsyncTouchpoint",
    "CallError",
    "Throttled",
    "Touchpoint",
    "Violation",
    "Wanted",
    "call_error",
    "cart_item",
    "channel",
    "event",
    "identity",
    "recommend_request",
    "track_request",
]

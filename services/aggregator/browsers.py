"""Whom a browser's key speaks for, and what it is answered: everybody can read that key."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf.message import Message

from shared.call import Caller
from shared.callers.visitors import VisitorIds
from shared.errors import PermissionDenied
from shared.privacy import IdentityError, normalise
from touchpoint.aggregator.v1 import aggregator_pb2
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1.profile_pb2 import NextQuestion

NOT_A_SHOPPERS = frozenset(
    {
        "agent_note",
        "agent_status",
        "attribute_set",
        "call_ended",
        "call_started",
        "call_topic",
        "contact_sent",
        "crm_note",
        "email_open",
        "ivr_choice",
        "refer",
        "return",
    }
)
"""Types of events that staff and systems tell, or that speak of somebody else."""

_SETTLED = {"status", "resolved"}
"""Attributes by which a complaint tells that one was settled, and things may be sold again."""


def foreign_identity(caller: Caller, identity: Identity, visitors: VisitorIds) -> str:
    """Return why a browser may not speak for an identity; "" where it proved to be it."""
    if identity.kind == "visitor":
        if visitors.is_signed(identity.value):
            return ""
        return "a browser names a visitor id that was issued here (NewVisitor), as it was issued"
    if identity.kind != "customer":
        return "a browser names visitors and customers only; others the shop's backend names"
    if not caller.customer_id:
        return "a customer needs a token of the shop's (x-touchpoint-customer)"
    if _customer(identity.value) != _customer(caller.customer_id):
        return "the token was made out to another customer"
    return ""


def _customer(value: str) -> str:
    try:
        return normalise("customer", value)
    except IdentityError:
        return value


def foreign_event(caller: Caller, event: Event, visitors: VisitorIds) -> str:
    """Return why a browser may not tell an event; "" where it may."""
    if event.type in NOT_A_SHOPPERS:
        return f"type: {event.type} is not told by browsers"
    if event.type == "complaint" and _SETTLED & set(event.attributes.fields):
        return "attributes: that a complaint is settled is told by who settled it, not by browsers"
    for at, identity in enumerate(event.identities):
        wrong = foreign_identity(caller, identity, visitors)
        if wrong:
            return f"identities[{at}]: {wrong}"
    return ""


SHOWN: Mapping[type[Message], frozenset[str]] = {
    pb.RecommendResponse: frozenset({"decision_id", "placements", "degraded", "quality"}),
    aggregator_pb2.PlacementRecommendations: frozenset({"placement", "recommendations"}),
    aggregator_pb2.Recommendation: frozenset(
        {"offer_id", "item_id", "kind", "reasons", "creative"}
    ),
    aggregator_pb2.Reason: frozenset({"code", "text"}),
    aggregator_pb2.Creative: frozenset(
        {"title", "text", "image_url", "link", "call_to_action", "ssml", "language"}
    ),
    aggregator_pb2.Degraded: frozenset({"service", "reason"}),
    pb.TrackResponse: frozenset({"accepted", "duplicates", "rejected"}),
    pb.Rejected: frozenset({"index", "code", "message"}),
    pb.NewVisitorResponse: frozenset({"visitor_id"}),
    pb.NextQuestionResponse: frozenset({"question"}),
    NextQuestion: frozenset(
        {"question", "survey", "text", "why", "used_for", "kind", "answers", "least", "most"}
    ),
    pb.UnsubscribeResponse: frozenset({"channel", "purpose", "already"}),
}
"""What a browser is answered, by message: what is not named here, new fields too, stays behind.

Left out is how likely somebody takes something and what it is worth, in which arm they are, what
was removed and why."""


def shown_to_browsers(response: Message) -> Message:
    """Return of an answer what may stand in a page; raises PermissionDenied for all other kinds."""
    if type(response) not in SHOWN:
        raise PermissionDenied("this is not answered to browsers", reason="NOT_FOR_BROWSERS")
    return _shown(response)


def _shown(message: Message) -> Message:
    names, shown = SHOWN[type(message)], type(message)()
    for field, value in message.ListFields():
        if field.name not in names:
            continue
        if field.message_type is None:
            if field.is_repeated:
                getattr(shown, field.name).extend(value)
            else:
                setattr(shown, field.name, value)
        elif field.is_repeated:
            getattr(shown, field.name).extend(_shown(each) for each in value)
        else:
            getattr(shown, field.name).CopyFrom(_shown(value))
    return shown

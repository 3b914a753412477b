"""What a shopper does about what is shown, as the events that the shop's pages would track."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from demo.records import decimal
from demo.shop.model import CURRENCY, Event
from demo.traffic.crowd import Arrival
from demo.traffic.wares import Ware
from touchpoint.client import event
from touchpoint.common.v1.event_pb2 import Event as EventMessage

TAKEN = {
    "PRODUCT": ("click", "purchase"),
    "PROMOTION": ("click", "accept"),
    "CONTENT": ("click",),
    "SERVICE": ("click", "accept"),
    "SURVEY": ("survey_answer",),
}
"""What accepting means, by kind: bought, redeemed, read, taken, answered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing shown to a shopper, and what they make of it."""

    ware: Ware
    placement: str
    probability: float
    """Of accepting it, by the hidden truth."""
    accepted: bool
    declined: bool = False
    predicted: float = 0.0
    """The probability by the suite's own word."""


def past_events(arrival: Arrival) -> Iterator[EventMessage]:
    """Say what they looked at before."""
    return (_told(past) for past in arrival.past)


def view(arrival: Arrival, item_id: str, now: datetime) -> EventMessage:
    """Say that they opened the page of an item."""
    return event(
        "view",
        _who(arrival),
        time=now,
        channel="WEB",
        session_id=arrival.session_id,
        item_id=item_id,
        page=f"/p/{item_id}",
    )


def answers(
    arrival: Arrival, seen: Sequence[Seen], decision_id: str, now: datetime
) -> Iterator[EventMessage]:
    """Say that everything was seen, and then what was accepted or turned down."""
    for each in seen:
        yield _about(arrival, each, "impression", decision_id, now)
    for each in seen:
        kinds = TAKEN[each.ware.kind] if each.accepted else ("decline",) if each.declined else ()
        for type_ in kinds:
            yield _about(arrival, each, type_, decision_id, now)


def _about(
    arrival: Arrival, seen: Seen, type_: str, decision_id: str, now: datetime
) -> EventMessage:
    facts: dict[str, Any] = {}
    if seen.ware.kind == "PRODUCT":
        facts["item_id"] = seen.ware.offer_id
    if type_ == "purchase":
        facts |= {"order_id": uuid.uuid4().hex, "quantity": 1, "currency": CURRENCY}
        facts["value"] = decimal(seen.ware.price_cents)
    return event(
        type_,
        _who(arrival),
        time=now,
        channel="WEB",
        session_id=arrival.session_id,
        offer_id=seen.ware.offer_id,
        decision_id=decision_id,
        placement=seen.placement,
        **facts,
    )


def _who(arrival: Arrival) -> str:
    return f"{arrival.identity.kind}:{arrival.identity.value}"


def _told(past: Event) -> EventMessage:
    told = event(
        past.type,
        [f"{each.kind}:{each.value}" for each in past.identities],
        event_id=past.event_id,
        channel=past.channel,
        session_id=past.session_id,
        item_id=past.item_id,
        query=past.query,
        page=past.page,
        duration_s=past.duration_s,
        attributes=past.attributes,
    )
    told.time.FromSeconds(past.at)
    return told

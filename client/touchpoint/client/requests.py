"""Builds requests of the edge out of plain values."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Required, TypeAlias, TypedDict, Unpack

from touchpoint.aggregator.v1 import aggregator_pb2 as edge
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel

Who: TypeAlias = str | Identity | Iterable[str | Identity]
"""One identity or several, each `kind:value` or an Identity."""


def identity(text: str) -> Identity:
    """Read `customer:c-1001`; raises ValueError where there is no kind or no value."""
    kind, colon, value = text.partition(":")
    if not colon or not kind.strip() or not value.strip():
        raise ValueError(f"{text!r}: say kind:value, such as customer:c-1001 or email:a@b.example")
    return Identity(kind=kind.strip().lower(), value=value.strip())


def identities(who: Who) -> list[Identity]:
    """Read one identity or several."""
    given = [who] if isinstance(who, str | Identity) else list(who)
    return [each if isinstance(each, Identity) else identity(each) for each in given]


def channel(name: str) -> Channel.Value.ValueType:
    """Read a channel's name in any case; raises ValueError naming those there are."""
    wanted = name.strip().upper().replace("-", "_")
    if wanted == "UNSPECIFIED" or wanted not in Channel.Value.keys():  # noqa: SIM118 no mapping
        known = ", ".join(each for each in Channel.Value.keys() if each != "UNSPECIFIED")  # noqa: SIM118
        raise ValueError(f"{name!r} is no channel; there are {known}")
    return Channel.Value.Value(wanted)


def cart_item(
    item_id: str, quantity: float = 1, price: str = "", currency: str = ""
) -> edge.CartItem:
    """Build a line of a cart; `price` is of one, as a decimal string."""
    line = edge.CartItem(item_id=item_id, quantity=quantity)
    if price:
        line.price.CopyFrom(Money(amount=price, currency=currency))
    return line


class Wanted(TypedDict, total=False):
    """What may be said of a recommendation besides for whom it is."""

    channel: Required[str]
    placement: Required[str | Mapping[str, int] | Iterable[str]]
    """One placement, several, or several with a limit each."""
    limit: int
    """How many at most, where the placement says no number of its own; 0: its default."""
    items: Iterable[str]
    """Items in view."""
    cart: Iterable[edge.CartItem]
    query: str
    session_id: str
    within_categories: Iterable[str]
    """Paths of categories; nothing but of these and those below them."""
    without_categories: Iterable[str]
    """Nothing of these."""
    exclude_ids: Iterable[str]
    locale: str
    explain: bool
    preview: bool
    """Decide exactly as live and leave no trace."""


def recommend_request(who: Who, **wanted: Unpack[Wanted]) -> pb.RecommendRequest:
    """Build a request for one placement or several; raises ValueError for an unknown channel."""
    return pb.RecommendRequest(
        identities=identities(who),
        channel=channel(wanted["channel"]),
        placements=_placements(wanted["placement"], wanted.get("limit", 0)),
        context=edge.Context(
            session_id=wanted.get("session_id", ""),
            item_ids=wanted.get("items", ()),
            cart=wanted.get("cart", ()),
            query=wanted.get("query", ""),
            within_categories=wanted.get("within_categories", ()),
            without_categories=wanted.get("without_categories", ()),
        ),
        exclude_ids=wanted.get("exclude_ids", ()),
        locale=wanted.get("locale", ""),
        explain=wanted.get("explain", False),
        preview=wanted.get("preview", False),
    )


def _placements(
    wanted: str | Mapping[str, int] | Iterable[str], limit: int
) -> list[edge.PlacementRequest]:
    if isinstance(wanted, str):
        limits: Mapping[str, int] = {wanted: limit}
    elif isinstance(wanted, Mapping):
        limits = wanted
    else:
        limits = dict.fromkeys(wanted, limit)
    return [edge.PlacementRequest(placement=name, limit=most) for name, most in limits.items()]


def event(
    type: str,  # noqa: A002 the field's name
    who: Who,
    *,
    event_id: str = "",
    time: datetime | None = None,
    channel: str = "",
    session_id: str = "",
    order_id: str = "",
    item_id: str = "",
    offer_id: str = "",
    decision_id: str = "",
    placement: str = "",
    quantity: float = 0,
    value: str = "",
    currency: str = "",
    query: str = "",
    page: str = "",
    duration_s: float = 0,
    attributes: Mapping[str, Any] | None = None,
) -> Event:
    """Build an event; it happens now and has an id of its own unless told otherwise.

    To repeat a call safely, give the `event_id` yourself and send the very same event.
    """
    built = Event(
        event_id=event_id or uuid.uuid4().hex,
        type=type,
        identities=identities(who),
        channel=_channel(channel) if channel else Channel.UNSPECIFIED,
        session_id=session_id,
        order_id=order_id,
        item_id=item_id,
        offer_id=offer_id,
        decision_id=decision_id,
        placement=placement,
        quantity=quantity,
        query=query,
        page=page,
        duration_s=duration_s,
    )
    built.time.FromDatetime(time or datetime.now(UTC))
    if value:
        built.value.CopyFrom(Money(amount=value, currency=currency))
    if attributes:
        built.attributes.update(dict(attributes))
    return built


def track_request(events: Iterable[Event]) -> pb.TrackRequest:
    """Build a request of 1 to 1,000 events."""
    return pb.TrackRequest(events=events)


_channel = channel
"""An event's parameter `channel` hides the function."""

"""Makes the messages that restore a home of the rows of an export."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from google.protobuf.json_format import ParseDict

from cli.exporting.parquet import arrow
from shared.clock import to_us
from touchpoint.common.v1.catalogue_pb2 import ChannelCreative, Words
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Origin
from touchpoint.profile.v1.transfer_pb2 import (
    AttributeRecord,
    EventRecords,
    IdentityRecord,
    LinkRecord,
    PersonRecord,
    ReferralRecord,
    RelationshipRecord,
)
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer

Row = Mapping[str, Any]
_TEXTS = {
    "event_ids": "event_id",
    "callers": "caller",
    "person_ids": "person_id",
    "types": "type",
    "session_ids": "session_id",
    "order_ids": "order_id",
    "offer_ids": "offer_id",
    "categories": "category",
    "brands": "brand",
    "details": "details",
    "variants": "variant",
    "decision_ids": "decision_id",
    "placements": "placement",
    "privates": "private",
}
_PLAIN = {
    "quantities": "quantity",
    "gifts": "gift",
    "durations_s": "duration_s",
    "reassurances": "reassurance",
    "topics": "topic",
}
_MONEY = {"price_micros": "price", "cost_micros": "cost", "value_micros": "value"}
_TIMES = {"times_us": "time", "received_us": "received_time"}


def events(batch: Any) -> EventRecords:
    """Return the records of a batch of Arrow."""
    columns: dict[str, Any] = {
        **{field: [cell or "" for cell in _cells(batch, name)] for field, name in _TEXTS.items()},
        **{field: list(map(_micros, _cells(batch, name))) for field, name in _MONEY.items()},
        **{field: _cells(batch, name) for field, name in (*_PLAIN.items(), *_TIMES.items())},
    }
    if "owner" in batch.schema.names:  # not in earlier exports
        columns["owners"] = [cell or "" for cell in _cells(batch, "owner")]
    return EventRecords(
        **columns,
        channels=[Channel.Value.Value(cell) for cell in _cells(batch, "channel")],
        origins=[Origin.Value.Value(cell) for cell in _cells(batch, "origin")],
    )


def _cells(batch: Any, name: str) -> Sequence[Any]:
    """Return a column; times as numbers: making an instant of each costs more than all else."""
    column = batch.column(name)
    if name in _TIMES.values():
        column = column.cast(arrow().int64())
    found: Sequence[Any] = column.to_pylist()
    return found


@lru_cache(50_000)
def _micros(amount: Decimal) -> int:
    return int(amount.scaleb(6))


def person(row: Row) -> PersonRecord:
    return PersonRecord(
        person_id=row["person_id"],
        profile_id=row["profile_id"],
        created_us=to_us(row["created_time"]),
        name=row["name"] or "",
        identities=[ParseDict(e, IdentityRecord()) for e in _listed(row, "identities")],
        attributes=[ParseDict(e, AttributeRecord()) for e in _listed(row, "attributes")],
        relationships=[ParseDict(e, RelationshipRecord()) for e in _listed(row, "relationships")],
        referrals=[ParseDict(e, ReferralRecord()) for e in _listed(row, "referrals")],
    )


def _listed(row: Row, name: str) -> Any:
    return json.loads(row.get(name) or "[]")


def link(row: Row) -> LinkRecord:
    return LinkRecord(
        link_id=row["link_id"],
        person_id=row["person_id"],
        other_person_id=row["other_person_id"],
        event_id=row["event_id"] or "",
        linked_us=to_us(row["linked_time"]),
    )


def _money(row: Row, name: str) -> Money | None:
    if row[name] is None:
        return None
    return Money(amount=f"{row[name]:f}", currency=row["currency"] or "")


def item(row: Row) -> Item:
    made = Item(
        item_id=row["item_id"],
        title=row["title"],
        category=row["category"] or "",
        brand=row["brand"] or "",
        price=_money(row, "price"),
        cost=_money(row, "cost"),
        stock=row["stock"],
        variant_of=row["variant_of"] or "",
        withdrawn=row["withdrawn"],
        words=[ParseDict(each, Words()) for each in _listed(row, "words")],
        attributes=json.loads(row["attributes"] or "{}"),
    )
    if row["released"] is not None:
        made.released_time.FromDatetime(row["released"])
    return made


def offer(row: Row) -> Offer:
    made = Offer(
        offer_id=row["offer_id"],
        kind=OfferKind.Value.Value(row["kind"]),
        title=row["title"],
        text=row["text"] or "",
        link=row["link"] or "",
        about_categories=row["about_categories"],
        about_items=row["about_items"],
        channels=[Channel.Value.Value(name) for name in row["channels"]],
        value=_money(row, "value"),
        lever=row["lever"],
        withdrawn=row["withdrawn"],
        is_default=row["is_default"],
        is_journey_only=row["is_journey_only"],
        channel_creatives=[
            ParseDict(e, ChannelCreative()) for e in _listed(row, "channel_creatives")
        ],
        words=[ParseDict(each, Words()) for each in _listed(row, "words")],
        attributes=json.loads(row["attributes"] or "{}"),
    )
    if row["starts"] is not None:
        made.starts_time.FromDatetime(row["starts"])
    if row["ends"] is not None:
        made.ends_time.FromDatetime(row["ends"])
    return made

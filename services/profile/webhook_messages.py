"""What a receiver is told: JSON with an id by which it knows what it was told already."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from services.profile.domain.webhooks import Change, Subject
from shared.catalogue import Catalogue
from shared.money import from_micros
from touchpoint.common.v1.vocabulary_pb2 import Channel

_IDS = uuid.UUID("5d7e1c56-5c1e-4b0a-9b0f-3f0b6a3d9c41")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def message_id(webhook: str, change: Change) -> str:
    """Return the id of a change for a receiver: the same however often it is sent."""
    return "msg_" + uuid.uuid5(_IDS, f"{webhook}/{change.person_id}/{change.cursor}").hex


def body_of(change: Change, subject: Subject) -> bytes:
    """Return the body: type, time, and whom and what it is about; what is empty is left out."""
    told = {
        "type": change.type,
        "timestamp": _time(change.time_us),
        "data": {
            "cursor": change.cursor,
            "personId": change.person_id,
            "personIds": list(subject.person_ids),
            "identities": [{"kind": kind, "value": value} for kind, value in subject.identities],
            **change.told,
        },
    }
    return _to_json(told).encode()


def event_fields(catalogue: Catalogue) -> Callable[[Any], dict[str, Any]]:
    """Return what makes the fields of a message of an event's row."""

    def fields(row: Any) -> dict[str, Any]:
        event = {
            "eventId": row["event_id"],
            "type": row["type"],
            "time": _time(row["time_us"]),
            "channel": Channel.Value.Name(row["channel"]) if row["channel"] else "",
            "sessionId": row["session_id"],
            "orderId": row["order_id"],
            "itemId": _item_id(catalogue, row["offer_no"]),
            "category": row["category"],
            "brand": row["brand"],
            "quantity": row["quantity"],
            "value": _money(catalogue, row["offer_no"], row["value_micros"]),
            "gift": row["gift"],
            "decisionId": row["decision_id"],
            "placement": row["placement"],
            "attributes": json.loads(row["details"] or "{}"),
        }
        return {"event": {name: value for name, value in event.items() if value}}

    return fields


def _item_id(catalogue: Catalogue, offer_no: int) -> str:
    return catalogue.offer_ids[offer_no] if offer_no < len(catalogue.offer_ids) else ""


def _money(catalogue: Catalogue, offer_no: int, micros: int) -> Mapping[str, str]:
    """Return an amount, with the currency that its offer or the whole catalogue has."""
    if not micros:
        return {}
    amount, currency = {"amount": from_micros(micros)}, catalogue.only_currency
    if not currency and offer_no < catalogue.size:
        currency = catalogue.currencies.text(int(catalogue.currency_no[offer_no]))
    return {**amount, "currency": currency} if currency else amount


def _time(time_us: int) -> str:
    instant = _EPOCH + timedelta(microseconds=time_us)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""The kinds of files that can be imported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message

from cli.importing import cells
from cli.importing.attributes import attribute_text, attributes_of
from cli.importing.kind import ATTRIBUTE, IDENTITY, CellError, Columns, Fields, Kind
from touchpoint.common.v1.catalogue_pb2 import Words
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1.profile_service_pb2 import CustomerRecord
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer

CONTACT = "contact_sent"
ANSWER = "survey_answer"
_IDENTITY_FIELDS = {f"{IDENTITY}{kind}": kind for kind in cells.IDENTITY_KINDS}


def _plain(*names: str) -> Columns:
    return {name: (name, cells.text) for name in names}


def _of_identities(**kinds: str) -> Columns:
    return {column: (f"{IDENTITY}{kind}", cells.text) for column, kind in kinds.items()}


def _take_identities(fields: Fields) -> list[Identity]:
    found: list[Identity] = fields.pop("identities", [])
    for name, kind in _IDENTITY_FIELDS.items():
        if name in fields:
            found.append(cells.identity(kind, fields.pop(name)))
    return found


def _set_currency(fields: Fields) -> None:
    """Give the amounts of a row the currency of its own column, where they say none."""
    currency = fields.pop("currency", "")
    if currency:
        for name in ("price", "cost", "value"):
            if name in fields and not fields[name].currency:
                fields[name] = cells.money(fields[name].amount, currency)


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    found = {}
    for name, cell in attributes.items():
        try:
            found[name] = attribute_text(cell)
        except ValueError as error:
            raise CellError(f"{ATTRIBUTE}{name}", str(error), cell) from None
    return found


def _attributes(cell: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(cell) if isinstance(cell, str) else cell
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, Mapping):
        raise ValueError('must be an object such as {"gift": true}')
    return found


def _event(fields: Fields, attributes: Fields) -> Event:
    _set_currency(fields)
    said = fields.pop("attributes", None)
    identities = _take_identities(fields)
    if not identities:
        raise CellError("identities", "is missing: whose event is it?")
    event = Event(identities=identities, **fields)
    if said or attributes:
        try:
            event.attributes.CopyFrom(attributes_of(said, attributes))
        except UnicodeEncodeError:
            raise  # `Kind.build` says where
        except ValueError as error:
            raise CellError("attributes", str(error)) from None
    return event


def _answer(fields: Fields, attributes: Fields) -> Message:
    """Make the event of an answer; without an id of its own it is known by what it says."""
    said: Fields = {
        name: fields.pop(name) for name in ("question", "answer", "skipped") if name in fields
    }
    if not said.get("answer") and not said.get("skipped"):
        raise CellError("answer", "is missing; say skipped: true where there was none")
    event_id = fields.pop("event_id", "")
    event = _event({"event_id": event_id, "type": ANSWER, **fields}, {**attributes, **said})
    if not event_id:
        said_all = event.SerializeToString(deterministic=True)
        event.event_id = f"answer-{blake2b(said_all, digest_size=16).hexdigest()}"
    return event


def _contact(fields: Fields, attributes: Fields) -> Message:
    if fields.setdefault("type", CONTACT) != CONTACT:
        raise CellError("type", f"must be {CONTACT} in a file of contacts, not {fields['type']!r}")
    return _event(fields, attributes)


def _words(cell: Any) -> list[Words]:
    try:
        found = json.loads(cell) if isinstance(cell, str) else cell
        return [ParseDict(each, Words()) for each in found]
    except (ValueError, RecursionError, TypeError, AttributeError, ParseError):
        raise ValueError('must be a list such as [{"language": "es", "title": "…"}]') from None


def _item(fields: Fields, attributes: Fields) -> Message:
    _set_currency(fields)
    return Item(attributes=_texts(attributes), **fields)


def _offer(fields: Fields, attributes: Fields) -> Message:
    _set_currency(fields)
    return Offer(attributes=_texts(attributes), **fields)


def _customer(fields: Fields, attributes: Fields) -> Message:
    return CustomerRecord(
        identities=_take_identities(fields), attributes=_texts(attributes), **fields
    )


_EVENT_COLUMNS: Columns = {
    **_plain("event_id", "type"),
    "time": ("time", cells.instant),
    "identities": ("identities", cells.identities),
    **_of_identities(
        customer_id="customer",
        loyalty_card="loyalty_card",
        email="email",
        phone="phone",
        visitor="visitor",
    ),
    "channel": ("channel", cells.channel),
    **_plain("session_id", "order_id", "item_id", "offer_id", "decision_id", "placement"),
    "quantity": ("quantity", cells.number),
    "value": ("value", cells.amount),
    "currency": ("currency", cells.currency),
    **_plain("query", "page"),
    "duration_s": ("duration_s", cells.number),
    "attributes": ("attributes", _attributes),
}
_WHOSE = "identities|customer_id|loyalty_card|email|phone|visitor"

_ANSWER_COLUMNS = (
    *("event_id", "time", "identities", "customer_id", "loyalty_card", "email", "phone"),
    *("visitor", "channel", "session_id", "placement", "decision_id"),
)
_KNOWN_BY = "customer_id|loyalty_card|email|phone"
"""Without a customer id a row adds to somebody who is known, and makes nobody."""

_LIST = [
    Kind(
        "items",
        {
            **_plain("item_id", "title", "category", "brand"),
            "price": ("price", cells.amount),
            "cost": ("cost", cells.amount),
            "currency": ("currency", cells.currency),
            "stock": ("stock", cells.whole),
            **_plain("variant_of"),
            "released": ("released_time", cells.instant),
            "withdrawn": ("withdrawn", cells.flag),
            "words": ("words", _words),
        },
        ("item_id", "title"),
        _item,
    ),
    Kind(
        "customers",
        {
            **_of_identities(
                customer_id="customer", email="email", phone="phone", loyalty_card="loyalty_card"
            ),
            **_plain("locale"),
            "timezone": ("time_zone", cells.text),
        },
        (_KNOWN_BY,),
        _customer,
        has_owners=True,
    ),
    Kind(
        "events",
        _EVENT_COLUMNS,
        ("event_id", "type", "time", _WHOSE),
        _event,
        are_events=True,
    ),
    Kind(
        "answers",
        {
            **{name: _EVENT_COLUMNS[name] for name in _ANSWER_COLUMNS},
            "survey": ("offer_id", cells.text),
            **_plain("question", "answer"),
            "skipped": ("skipped", cells.flag),
        },
        ("time", "question", _WHOSE),
        _answer,
        has_questions=True,
        are_events=True,
        is_plain=False,
    ),
    Kind(
        "contacts",
        _EVENT_COLUMNS,
        ("event_id", "time", _WHOSE, "channel"),
        _contact,
        only_type=CONTACT,
        are_events=True,
    ),
    Kind(
        "offers",
        {
            **_plain("offer_id", "title", "text", "link"),
            "kind": ("kind", cells.kind),
            "about_categories": ("about_categories", cells.listed),
            "about_items": ("about_items", cells.listed),
            "channels": ("channels", cells.channels),
            "value": ("value", cells.amount),
            "currency": ("currency", cells.currency),
            "starts": ("starts_time", cells.instant),
            "ends": ("ends_time", cells.instant),
            "withdrawn": ("withdrawn", cells.flag),
            "words": ("words", _words),
        },
        ("offer_id", "kind", "title"),
        _offer,
    ),
]
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _LIST}

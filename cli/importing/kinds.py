"""The five kinds of files: their columns, and how a row becomes a message."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from cli.importing import cells
from cli.importing.files import Row
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.profile.v1.profile_service_pb2 import CustomerRecord
from touchpoint.retrieval.v1.retrieval_pb2 import Item, Offer

ATTRIBUTE = "attr."
"""Prefix of the columns that are the caller's own."""
CONTACT = "contact_sent"

Fields = dict[str, Any]
Columns = Mapping[str, tuple[str, cells.Read]]
"""Column to the field it fills and how its cells are read."""


class CellError(Exception):
    """A cell, or the lack of one, makes its row unusable."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file."""

    name: str
    columns: Columns
    required: Sequence[str]
    """Columns that every row must fill; one of the parts where `a|b` is said."""
    finish: Callable[[Fields, Fields], Message]
    """Makes the message of the fields and of the caller's own attributes; may raise CellError."""
    needed: frozenset[str] = field(init=False)
    """The fields without which a row is refused."""

    def __post_init__(self) -> None:
        single = [name for name in self.required if "|" not in name]
        object.__setattr__(self, "needed", frozenset(self.columns[name][0] for name in single))

    def check_columns(self, found: frozenset[str]) -> list[str]:
        """Return what is wrong with a header, in sentences."""
        unknown = sorted(name for name in found if not self._knows(name))
        problems = [f"column {name!r} is not known; {self._known()}" for name in unknown]
        lacking = [wanted for wanted in self.required if found.isdisjoint(wanted.split("|"))]
        return problems + [f"column {name.replace('|', ' or ')} is missing" for name in lacking]

    def build(self, row: Row) -> Message:
        """Make the message of a row; raises CellError."""
        fields: Fields = {}
        attributes: Fields = {}
        columns = self.columns
        for name, cell in row.items():
            if cell is None or cell == "":
                continue
            if name in columns:
                filled, read = columns[name]
                try:
                    fields[filled] = read(cell)
                except ValueError as error:
                    raise CellError(name, str(error)) from None
            elif name.startswith(ATTRIBUTE):
                attributes[name.removeprefix(ATTRIBUTE)] = cell
            else:
                raise CellError(name, f"is not known; {self._known()}")
        if not self.needed <= fields.keys():
            missing = min(self.needed - fields.keys())
            raise CellError(missing.removeprefix(_IDENTITY), "is missing")
        return self.finish(fields, attributes)

    def _knows(self, name: str) -> bool:
        return name in self.columns or (name.startswith(ATTRIBUTE) and name != ATTRIBUTE)

    def _known(self) -> str:
        return f"there are {', '.join(self.columns)}, and your own as {ATTRIBUTE}NAME"


_IDENTITY = "identity "
"""Begins the fields that hold one identity of a kind."""
_IDENTITY_FIELDS = {f"{_IDENTITY}{kind}": kind for kind in cells.IDENTITY_KINDS}


def _plain(*names: str) -> Columns:
    return {name: (name, cells.text) for name in names}


def _of_identities(**kinds: str) -> Columns:
    return {column: (f"{_IDENTITY}{kind}", cells.text) for column, kind in kinds.items()}


def _take_identities(fields: Fields) -> list[Identity]:
    found: list[Identity] = fields.pop("identities", [])
    for name, kind in _IDENTITY_FIELDS.items():
        if name in fields:
            found.append(Identity(kind=kind, value=fields.pop(name)))
    return found


def _set_currency(fields: Fields) -> None:
    """Give the amounts of a row the currency of its own column, where they say none."""
    currency = fields.pop("currency", "")
    if currency:
        for name in ("price", "cost", "value"):
            if name in fields and not fields[name].currency:
                fields[name].currency = currency


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value, default=str)
        for name, value in attributes.items()
    }


def _attributes(cell: Any) -> Mapping[str, Any]:
    try:
        found = json.loads(cell) if isinstance(cell, str) else cell
    except ValueError:
        found = None
    if not isinstance(found, Mapping):
        raise ValueError('must be an object such as {"gift": true}')
    return found


_WORDS = {"true": True, "false": False}


def _event(fields: Fields, attributes: Fields) -> Message:
    _set_currency(fields)
    said = fields.pop("attributes", None)
    identities = _take_identities(fields)
    if not identities:
        raise CellError("identities", "is missing: whose event is it?")
    event = Event(identities=identities, **fields)
    if said or attributes:
        words = {
            name: _WORDS.get(value, value) if isinstance(value, str) else value
            for name, value in attributes.items()
        }
        try:
            event.attributes.update({**(said or {}), **words})
        except (ValueError, TypeError) as error:
            raise CellError("attributes", str(error)) from None
    return event


def _contact(fields: Fields, attributes: Fields) -> Message:
    if fields.setdefault("type", CONTACT) != CONTACT:
        raise CellError("type", f"must be {CONTACT} in a file of contacts, not {fields['type']!r}")
    return _event(fields, attributes)


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
        ("customer_id",),
        _customer,
    ),
    Kind("events", _EVENT_COLUMNS, ("event_id", "type", "time", _WHOSE), _event),
    Kind("contacts", _EVENT_COLUMNS, ("event_id", "time", _WHOSE, "channel"), _contact),
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
        },
        ("offer_id", "kind", "title"),
        _offer,
    ),
]
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _LIST}

"""Reads single cells: text of CSV as well as typed values of JSON and Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, wraps
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from shared.money import is_currency, to_micros
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

Read = Callable[[Any], Any]
"""Turns a cell into a field's value; raises ValueError with a sentence."""

IDENTITY_KINDS = ("customer", "loyalty_card", "email", "phone", "visitor")
"""Strongest first."""
SEPARATOR = "|"
"""Between the parts of a list in a cell of CSV."""

_REMEMBERED = 50_000
"""Cells that are read once for all rows that repeat them; messages made so are never changed."""
_SHORT = 400
"""Characters; what is longer is not remembered, and shortened where it is told."""
_LARGEST = 2**63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}


def _remembering(read: Read) -> Read:
    """Read text that was read before by looking it up: columns repeat themselves."""
    look_up = lru_cache(_REMEMBERED)(read)

    @wraps(read)
    def read_once(cell: Any) -> Any:
        return look_up(cell) if type(cell) is str and len(cell) <= _SHORT else read(cell)

    return read_once


def text(cell: Any) -> str:
    if type(cell) is str:
        return cell
    if type(cell) is int:  # an id that a database keeps as a number
        return str(cell)
    raise ValueError(f"must be text, not {told(cell)}")


@_remembering
def number(cell: Any) -> float:
    """Read a quantity or a duration: zero or more."""
    try:
        found = float(cell)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"must be a number, not {told(cell)}") from None
    if not 0 <= found < float("inf"):
        raise ValueError(f"must be zero or more, not {told(cell)}")
    return found


def whole(cell: Any) -> int:
    try:
        found = float(cell)
        if found == int(found) and abs(found) < _LARGEST and not isinstance(cell, bool):
            return int(found)
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"must be a whole number, not {told(cell)}")


def flag(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    word = str(cell).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"must be true or false, not {told(cell)}")
    return word in _TRUE


def amount(cell: Any) -> Money:
    """Read `12.50`, 12.5, or `{"amount": "12.50", "currency": "USD"}`."""
    if isinstance(cell, Mapping):
        extra = set(cell) - {"amount", "currency"}
        if extra:
            raise ValueError(f"has no part {told(min(extra))}; say amount and currency")
        return money(_decimal(cell.get("amount")), currency(cell.get("currency") or ""))
    return money(_decimal(cell), "")


@lru_cache(_REMEMBERED)
def money(amount: str, currency: str) -> Money:
    return Money(amount=amount, currency=currency)


@_remembering
def currency(cell: Any) -> str:
    if cell and not (isinstance(cell, str) and is_currency(cell)):
        raise ValueError(f"must be a currency of ISO 4217 such as USD, not {told(cell)}")
    return str(cell)


def _decimal(cell: Any) -> str:
    if isinstance(cell, float):
        cell = f"{cell:.6f}".rstrip("0").rstrip(".")
    elif isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        cell = f"{cell:f}" if isinstance(cell, Decimal) else str(cell)
    if not isinstance(cell, str):
        raise ValueError(f"must be an amount such as 12.50, not {told(cell)}")
    return _well_written(cell)


@lru_cache(_REMEMBERED)
def _well_written(amount: str) -> str:
    try:
        to_micros(amount)
    except ValueError as error:
        raise ValueError(f"{error}, not {told(amount)}") from None
    return amount


@_remembering
def instant(cell: Any) -> Timestamp:
    """Read an instant of RFC 3339; one without a zone is UTC, a day is its beginning."""
    if isinstance(cell, str):
        try:
            cell = datetime.fromisoformat(cell)
        except ValueError:
            sentence = f"must be a time such as 2026-03-01T12:30:00Z, not {told(cell)}"
            raise ValueError(sentence) from None
    elif isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime(cell.year, cell.month, cell.day, tzinfo=UTC)
    if not isinstance(cell, datetime):
        raise ValueError(f"must be a time such as 2026-03-01T12:30:00Z, not {told(cell)}")
    if cell.tzinfo is None:
        cell = cell.replace(tzinfo=UTC)
    return Timestamp(seconds=(cell - _EPOCH) // _SECOND, nanos=cell.microsecond * 1000)


_CHANNELS = {name: value for name, value in Channel.Value.items() if value}
_KINDS = {name: value for name, value in OfferKind.Value.items() if value and name != "PRODUCT"}


def channel(cell: Any) -> int:
    found = _CHANNELS.get(cell) if type(cell) is str else None
    return found or _word(_CHANNELS, cell, "channel")


def channels(cell: Any) -> list[int]:
    return [channel(part) for part in listed(cell)]


def kind(cell: Any) -> int:
    return _word(_KINDS, cell, "kind of offer")


def _word(known: Mapping[str, int], cell: Any, what: str) -> int:
    found = known.get(str(cell).upper())
    if found is None:
        raise ValueError(f"{told(cell)} is no {what}; there are {', '.join(known)}")
    return found


def listed(cell: Any) -> list[Any]:
    """Read a list, or text with `|` between the parts."""
    if isinstance(cell, str):
        return [part.strip() for part in cell.split(SEPARATOR) if part.strip()]
    if isinstance(cell, list | tuple):
        return list(cell)
    raise ValueError(f"must be a list, not {told(cell)}")


def identities(cell: Any) -> list[Identity]:
    """Read a list of `{kind, value}`, or of `kind:value`."""
    return [_identity(part) for part in (cell if type(cell) is list else listed(cell))]


def _identity(part: Any) -> Identity:
    if type(part) is dict and len(part) == 2 and "kind" in part and "value" in part:
        kind, value = part["kind"], part["value"]
    elif isinstance(part, str):
        kind, _, value = part.partition(":")
    else:
        raise ValueError(f"must be kind and value, not {told(part)}")
    if kind not in IDENTITY_KINDS:
        raise ValueError(f"{told(kind)} is no kind of identity; there are {_KINDS_TOLD}")
    return identity(kind, text(value))


def identity(kind: str, value: str) -> Identity:
    return _identity_of(kind, value) if len(value) <= _SHORT else Identity(kind=kind, value=value)


@lru_cache(_REMEMBERED)
def _identity_of(kind: str, value: str) -> Identity:
    return Identity(kind=kind, value=value)


_KINDS_TOLD = ", ".join(IDENTITY_KINDS)


def told(cell: Any) -> str:
    """Return a cell as it is shown in a sentence."""
    shown = repr(cell[:_SHORT] if isinstance(cell, str | bytes) else cell)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"

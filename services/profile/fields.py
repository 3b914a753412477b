"""Reads the fields of an event, or says what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from google.protobuf.struct_pb2 import Value

from services.profile.domain import consent, preference
from services.profile.domain.event import (
    DETAILS,
    DETAILS_OF,
    GIFT_AGE,
    GIFT_WORDS,
    NO_DETAILS,
    RATING,
    Event,
)
from services.profile.domain.state import MAX_ATTRIBUTES as MAX_ATTRIBUTES_OF_PERSON
from shared.money import MAX_MICROS, to_micros
from shared.privacy import KINDS, STRENGTH
from touchpoint.common.v1 import event_pb2

AHEAD_US = 10 * 60 * 1_000_000
"""How far an event's time may lie ahead of ours: clocks of devices are off."""
MAX_ATTRIBUTES = 32
LONGEST_ID = 128
LONGEST_PRIVATE = 1_000_000
"""Characters of what only an export reads of an event: a note, a transcript."""
LONGEST_NAME = 512
LONGEST_VALUE = 1_024
"""Characters of a person's attribute: every decision carries them all."""
_LONGEST_TEXT = 512
_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_REMEMBERED = 10_000
"""Types and amounts that are read once, because events repeat them."""
LAST_SECOND = 253_402_300_799  # the year 9999: what a Timestamp may hold
_MAX_QUANTITY = 1e9
_MAX_DURATION_S = 30 * 86_400.0
BOUGHT = frozenset({"purchase", "return"})
_GIFT = "gift"
_DISCOUNT = "discount"
_OLDEST = 130
_LONGEST_WORD = 40
_BEST = 10
_LABELS = frozenset({"choice", "topic"})
"""Of calls, from the caller's menu. What is longer is somebody's own words, and private."""
_NUMBER = re.compile(r"\d{1,2}(\.\d{1,6})?", re.ASCII)
REFERRED = "referred"
"""The attribute of a `refer` that names whom it refers."""
_YES = frozenset({"true", "1", "yes"})

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class MistakenError(ValueError):
    """An event cannot be taken; the text begins with the field."""


class Said(NamedTuple):
    """The plain fields of an event, read at once: reading one costs more than checking it."""

    event_id: str
    type: str
    channel: int
    session_id: str
    order_id: str
    item_id: str
    offer_id: str
    decision_id: str
    placement: str
    quantity: float
    query: str
    page: str
    duration_s: float


def read_time_us(event: event_pb2.Event, now_us: int) -> int:
    if not event.HasField("time"):
        raise MistakenError("time: must not be empty")
    time = event.time
    seconds, nanos = time.seconds, time.nanos
    if not (0 <= seconds <= LAST_SECOND and 0 <= nanos < 1_000_000_000):
        raise MistakenError("time: must lie between the years 1970 and 9999")
    time_us = seconds * 1_000_000 + nanos // 1_000
    if time_us > now_us + AHEAD_US:
        raise MistakenError("time: lies more than 10 minutes ahead")
    return time_us


def check_texts(said: Said) -> None:
    ids = said.session_id, said.order_id, said.item_id, said.offer_id
    if max(map(len, ids)) > LONGEST_ID:
        raise MistakenError(f"session, order, item or offer id: at most {LONGEST_ID} characters")
    if len(said.decision_id) > LONGEST_ID or len(said.placement) > LONGEST_ID:
        raise MistakenError(f"decision_id and placement: at most {LONGEST_ID} characters")
    if len(said.query) > _LONGEST_TEXT or len(said.page) > _LONGEST_TEXT:
        raise MistakenError(f"query and page: at most {_LONGEST_TEXT} characters")
    # PostgreSQL holds every character but this one.
    if "\0" in "".join((said.event_id, *ids, said.decision_id, said.placement, said.page)):
        raise MistakenError("event, ids, placement and page: must not hold the character NUL")


@lru_cache(_REMEMBERED)
def check_type(event_type: str) -> None:
    if not _TYPE.fullmatch(event_type):
        raise MistakenError("type: must be 1 to 64 characters in lower_snake_case")


def read_quantity(quantity: float) -> float:
    # Written so that NaN fails too.
    if not 0.0 <= quantity <= _MAX_QUANTITY:
        raise MistakenError(f"quantity: is {quantity:g}, must be from 0 to {_MAX_QUANTITY:g}")
    return quantity or 1.0


def read_duration_s(duration_s: float) -> float:
    if not 0.0 <= duration_s <= _MAX_DURATION_S:
        raise MistakenError(f"duration_s: must be from 0 to {_MAX_DURATION_S:g}")
    return duration_s


def worth_micros(price_micros: int, quantity: float) -> int:
    """Return what so many cost that nobody named a value of."""
    worth = round(price_micros * quantity)
    if worth > MAX_MICROS:
        raise MistakenError("quantity: times the item's price is more than can be paid")
    return worth


def read_value_micros(event: event_pb2.Event, kind: str, price_micros: int, quantity: float) -> int:
    """Return what was paid; of a purchase that does not say, the price as of now."""
    amount = event.value.amount if event.HasField("value") else ""
    if not amount:
        return worth_micros(price_micros, quantity) if kind in BOUGHT else 0
    micros = amount_micros(amount)
    if micros < 0 and kind != "return":
        raise MistakenError("value.amount: must not be negative")
    return abs(micros)


@lru_cache(_REMEMBERED)
def amount_micros(amount: str) -> int:
    try:
        return to_micros(amount)
    except ValueError as error:
        raise MistakenError(f"value.amount: {error}") from None


def read_attributes(
    event: event_pb2.Event,
) -> tuple[Mapping[str, str], bool, Mapping[str, str]]:
    """Return the behavioural attributes, whether it is a gift, and all others, as text."""
    if not event.HasField("attributes"):
        return NO_DETAILS, False, NO_DETAILS
    understood = DETAILS_OF.get(event.type, DETAILS)
    fields = event.attributes.fields
    if len(fields) > MAX_ATTRIBUTES:
        raise MistakenError(f"attributes: has more than {MAX_ATTRIBUTES} keys")
    details, others = {}, {}
    gift = False
    for name in fields:
        text = _text(fields[name])
        if name == _GIFT:
            gift = text.lower() in _YES
        elif name in understood and not (name in _LABELS and len(text) > _LONGEST_WORD):
            if "\0" in text:
                raise MistakenError(f"attributes.{name}: must not hold the character NUL")
            details[name] = _DETAIL[name](text) if name in _DETAIL else text[:_LONGEST_TEXT]
        else:
            others[name] = text
    return details, gift, others


_MISTAKES: Mapping[str, Callable[[Event], list[str]]] = {
    **dict.fromkeys(consent.CONSENT_TYPES, consent.mistakes),
    "preference": preference.mistakes,
    "attribute_set": preference.mistakes_of_attribute,
}


def said_us(event_type: str, time_us: int, now_us: int) -> int:
    """Return when something counts as said: a clock that is ahead may not outlast later words."""
    return min(time_us, now_us) if event_type in _MISTAKES else time_us


def check_words(event: Event) -> None:
    """Refuse a word that is malformed or contradicts itself, with all that is wrong with it."""
    mistakes = _MISTAKES.get(event.type)
    wrong = mistakes(event) if mistakes else None
    if wrong:
        raise MistakenError("; ".join(wrong))


def _discount(text: str) -> str:
    """Return what was saved on the whole quantity, in the currency of the value."""
    try:
        saved = to_micros(text)
    except ValueError as error:
        raise MistakenError(f"attributes.discount: {error}") from None
    if saved < 0:
        raise MistakenError("attributes.discount: must not be negative")
    return text


def _gift_age(text: str) -> str:
    if text and not (text.isascii() and text.isdecimal() and 1 <= int(text) <= _OLDEST):
        raise MistakenError(f"attributes.{GIFT_AGE}: must be whole years from 1 to {_OLDEST}")
    return text


def _gift_word(text: str) -> str:
    if len(text) > _LONGEST_WORD:
        raise MistakenError(f"attributes: what tells of a gift has at most {_LONGEST_WORD} letters")
    return " ".join(text.lower().split())


def _rating(text: str) -> str:
    if text and not (_NUMBER.fullmatch(text) and float(text) <= _BEST):
        raise MistakenError(f"attributes.{RATING}: must be a number from 0 to {_BEST}")
    return text


_DETAIL: Mapping[str, Callable[[str], str]] = {
    RATING: _rating,
    _DISCOUNT: _discount,
    GIFT_AGE: _gift_age,
    **dict.fromkeys(GIFT_WORDS, _gift_word),
}


def read_referred(event: event_pb2.Event) -> tuple[str, str]:
    """Return kind and value of whom an event refers; empty: it does not say."""
    fields = event.attributes.fields
    if REFERRED not in fields:
        return "", ""
    said = fields[REFERRED]
    if said.WhichOneof("kind") == "struct_value":
        parts = said.struct_value.fields
        kind, value = _text(parts["kind"]), _text(parts["value"])
    else:
        kind, _, value = _text(said).partition(":")
    if kind not in STRENGTH or not value:
        known = ", ".join(KINDS)
        raise MistakenError(
            f"attributes.{REFERRED}: must be a kind and a value, such as email:ada@shop.example;"
            f" kinds are {known}"
        )
    return kind, value


def _text(value: Value) -> str:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "number_value":
        return f"{value.number_value:.15g}"
    return "" if kind == "null_value" else str(value).strip()


def private_part(query: str, page: str, attributes: Mapping[str, str]) -> str:
    parts: dict[str, object] = {"query": query, "page": page, "attributes": attributes}
    text = _to_json({name: part for name, part in parts.items() if part})
    if len(text) > LONGEST_PRIVATE:
        raise MistakenError(f"attributes: have more than {LONGEST_PRIVATE} characters")
    return text


def check_attributes(attributes: Mapping[str, str]) -> None:
    """Refuse attributes of a person that are too many, or too long."""
    if len(attributes) > MAX_ATTRIBUTES_OF_PERSON:
        raise MistakenError(f"attributes: has more than {MAX_ATTRIBUTES_OF_PERSON} entries")
    for name, value in attributes.items():
        if not 1 <= len(name) <= LONGEST_ID:
            raise MistakenError(f"attributes: names must have 1 to {LONGEST_ID} characters")
        if len(value) > LONGEST_VALUE:
            raise MistakenError(f"attributes.{name}: has more than {LONGEST_VALUE} characters")

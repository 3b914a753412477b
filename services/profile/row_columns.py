"""The columns of events of a file: filled up, checked as a whole, and read row by row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from services.profile.asking import OF_QUESTIONS
from services.profile.domain.consent import CONSENT_TYPES
from services.profile.exchanging import Coin
from services.profile.fields import (
    AHEAD_US,
    BOUGHT,
    LAST_SECOND,
    LONGEST_ID,
    MistakenError,
    Said,
    amount_micros,
    check_type,
    read_duration_s,
    read_quantity,
    worth_micros,
)
from services.profile.intake import LAST_CHANNEL, PURCHASE
from touchpoint.common.v1 import event_pb2
from touchpoint.profile.v1.transfer_pb2 import EventRows

_TEXTS = (
    "types", "session_ids", "order_ids", "item_ids", "offer_ids", "decision_ids", "placements",
    "amounts", "queries", "pages", "attributes",
)  # fmt: skip
_NUMBERS = {"times_us": 0, "channels": 0, "quantities": 0.0, "durations_s": 0.0}
_SHORT = ("event_ids", "session_ids", "order_ids", "item_ids", "offer_ids", "decision_ids",
          "placements")  # fmt: skip
_APART = "\x1f"
_LOOKED_INTO = OF_QUESTIONS | CONSENT_TYPES
"""Types of which even a plain one may say more than its columns, or too little."""
Columns = Mapping[str, Sequence[Any]]
T = TypeVar("T")


def filled(rows: EventRows) -> dict[str, Sequence[Any]]:
    """Return every column in full."""
    count = len(rows.event_ids)
    columns: dict[str, Sequence[Any]] = {"event_ids": rows.event_ids[:]}
    for name in _TEXTS:
        columns[name] = getattr(rows, name)[:] or [""] * count
    for name, empty in _NUMBERS.items():
        columns[name] = getattr(rows, name)[:] or [empty] * count
    # Not among the texts: files taken in before it existed keep their digests.
    columns["currencies"] = rows.currencies[:] or [""] * count
    return columns


def identities_of(rows: EventRows) -> list[tuple[tuple[str, str], ...]]:
    """Return the (kind, value) pairs of each event."""
    pairs = zip(rows.identity_kinds[:], rows.identity_values[:])
    counts = rows.identity_counts[:]
    if not counts:
        return list(zip(pairs))
    return [tuple(islice(pairs, count)) for count in counts]


def contents_of(columns: Columns) -> list[str]:
    """Return a text per row that differs when anything in it does."""
    said = [map(once(str, columns[name]), columns[name]) for name in ("identities", *_NUMBERS)]
    texts = [columns[name] for name in _TEXTS]
    return list(map(_APART.join, zip(*said, *texts)))


def once(make: Callable[[Any], T], cells: Sequence[Any]) -> Callable[[Any], T]:
    """Return what makes something of each cell, having made it of equal ones but once."""
    return {cell: make(cell) for cell in set(cells)}.__getitem__


def check_all(columns: Columns, now_us: int) -> None:
    """Raise MistakenError if anything that can be seen by column is wrong."""
    for name in _SHORT:
        if max(map(len, columns[name])) > LONGEST_ID or "\0" in "".join(columns[name]):
            raise MistakenError(f"{name}: too long, or with the character NUL")
    if "" in columns["event_ids"]:
        raise MistakenError("event_id: must not be empty")
    for kind in set(columns["types"]):
        check_type(kind)
    for quantity in set(columns["quantities"]):
        read_quantity(quantity)
    for duration_s in set(columns["durations_s"]):
        read_duration_s(duration_s)
    times, channels = columns["times_us"], columns["channels"]
    latest = min(now_us + AHEAD_US, LAST_SECOND * 1_000_000)
    if not (min(times) >= 0 and max(times) <= latest):
        raise MistakenError("time: lies outside of what can be")
    if not (min(channels) >= 0 and max(channels) <= LAST_CHANNEL):
        raise MistakenError("channel: is unknown")


def values_of(
    kinds: Sequence[str],
    amounts: Sequence[str],
    prices: Sequence[int],
    quantities: Sequence[float],
) -> list[int]:
    """Return what was paid; of a purchase that does not say, the price as of now."""
    micros = {amount: amount_micros(amount) for amount in set(amounts) if amount}
    if micros and min(micros.values()) < 0:
        raise MistakenError("value.amount: is negative")
    return [
        micros[amount] if amount else worth_micros(price, quantity) if kind in BOUGHT else 0
        for kind, amount, price, quantity in zip(kinds, amounts, prices, quantities)
    ]


def places_of_foreign(
    columns: Columns, sold_in: Sequence[str], is_foreign: Callable[[str, str], bool]
) -> set[int]:
    """Return the places of events with amounts in another currency than the home one."""
    coins = list(map(Coin, sold_in, columns["currencies"]))
    foreign = {coin for coin in set(coins) if is_foreign(*coin)}
    return {place for place, coin in enumerate(coins) if coin in foreign} if foreign else set()


def places_of_more(columns: Columns) -> list[int]:
    """Return the places of events of which more is to be read than plain columns."""
    more = [columns[name] for name in ("attributes", "queries", "pages", "types", "offer_ids")]
    return [
        place
        for place, (attributes, query, page, kind, offer_id) in enumerate(zip(*more))
        if attributes
        or query
        or page
        or kind in _LOOKED_INTO
        or (offer_id and kind == PURCHASE and columns["item_ids"][place])
    ]


def said_of(columns: Columns, place: int) -> Said:
    cell = {name: column[place] for name, column in columns.items()}
    return Said(
        cell["event_ids"],
        cell["types"],
        cell["channels"],
        cell["session_ids"],
        cell["order_ids"],
        cell["item_ids"],
        cell["offer_ids"],
        cell["decision_ids"],
        cell["placements"],
        cell["quantities"],
        cell["queries"],
        cell["pages"],
        cell["durations_s"],
    )


def event_of(columns: Columns, place: int) -> event_pb2.Event:
    """Return what `Said` does not hold of an event, as a message."""
    event = event_pb2.Event(type=columns["types"][place])
    seconds, micros = divmod(columns["times_us"][place], 1_000_000)
    event.time.seconds, event.time.nanos = seconds, micros * 1_000
    if amount := columns["amounts"][place]:
        event.value.amount = amount
        event.value.currency = columns["currencies"][place]
    if attributes := columns["attributes"][place]:
        _read_attributes(event, attributes)
    return event


def _read_attributes(event: event_pb2.Event, text: str) -> None:
    try:
        found = json.loads(text)
        if isinstance(found, dict):
            event.attributes.update(found)
            return
    except (ValueError, OverflowError, RecursionError):
        pass  # no JSON, a number beyond all doubles, or nested without an end
    raise MistakenError("attributes: must be a JSON object, its numbers doubles, nested but little")

"""Takes events of a file in as columns: what is plain all at once, the rest one by one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import islice, repeat
from typing import Any, TypeVar

from services.profile.asking import OF_QUESTIONS
from services.profile.domain.consent import CONSENT_TYPES
from services.profile.domain.event import NO_DETAILS, Event, Topic
from services.profile.domain.identity import Identity
from services.profile.domain.making import maker
from services.profile.domain.placing import Rejection
from services.profile.domain.ports import Arrival
from services.profile.domain.recording import AT_ONCE
from services.profile.domain.referrals import REFER
from services.profile.fields import (
    AHEAD_US,
    BOUGHT,
    LAST_SECOND,
    LONGEST_ID,
    MistakenError,
    Said,
    amount_micros,
    check_texts,
    check_type,
    read_duration_s,
    read_quantity,
    worth_micros,
)
from services.profile.intake import (
    ABOUT_OFFERS,
    INVALID,
    LAST_CHANNEL,
    Intake,
    Taken,
    strongest_first,
)
from touchpoint.common.v1 import event_pb2
from touchpoint.profile.v1.transfer_pb2 import EventRows

_EVENT, _ARRIVAL = maker(Event), maker(Arrival)
_TEXTS = (
    "types", "session_ids", "order_ids", "item_ids", "offer_ids", "decision_ids", "placements",
    "amounts", "queries", "pages", "attributes",
)  # fmt: skip
_NUMBERS = {"times_us": 0, "channels": 0, "quantities": 0.0, "durations_s": 0.0}
_SHORT = ("event_ids", "session_ids", "order_ids", "item_ids", "offer_ids", "decision_ids",
          "placements")  # fmt: skip
_APART = "\x1f"
_ROWS_AT_ONCE = 1_000
"""Taken before requests get their turn: about 5 ms."""

_LOOKED_INTO = OF_QUESTIONS | CONSENT_TYPES
"""Types of which even a plain one may say more than its columns, or too little."""
Columns = Mapping[str, Sequence[Any]]
T = TypeVar("T")


class RowIntake:
    """Makes arrivals of columns; what is wrong with a row does not refuse the others."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def imported(self, rows: EventRows, caller: str, now_us: int) -> Taken:
        """Take rows whose columns are of equal length or left out."""
        columns = _filled(rows)
        columns["identities"] = _identities(rows)
        taken = Taken([], [])
        for first in range(0, len(rows.event_ids), _ROWS_AT_ONCE):
            part = {name: cells[first : first + _ROWS_AT_ONCE] for name, cells in columns.items()}
            try:
                taken.arrivals.extend(self._all(part, first, caller, now_us))
            except ValueError:
                await self._one_by_one(part, first, caller, now_us, taken)
            await asyncio.sleep(0)
        return taken

    def _all(self, columns: Columns, first: int, caller: str, now_us: int) -> list[Arrival]:
        """Return the arrivals of all rows; raises ValueError if anything is wrong with any."""
        _check_all(columns, now_us)
        event_ids, marks = columns["event_ids"], self._intake.fingerprints
        events, privates = self._events(columns, now_us)
        prints = [
            marks(caller, name, said.encode()) for name, said in zip(event_ids, _contents(columns))
        ]
        keys, digests = zip(*prints)
        rows = zip(
            range(first, first + len(event_ids)),
            keys,
            digests,
            events,
            map(_once(self._who, columns["identities"]), columns["identities"]),
            event_ids,
            repeat(caller),
            columns["decision_ids"],
            columns["placements"],
            privates,
            [self._referred(columns, place) for place in range(len(event_ids))]
            if REFER in columns["types"]
            else repeat(b""),
        )
        return list(map(_ARRIVAL, rows))

    def _referred(self, columns: Columns, place: int) -> bytes:
        if columns["types"][place] != REFER:
            return b""
        return self._intake.referred(_event(columns, place))

    def _who(self, identities: Sequence[tuple[str, str]]) -> tuple[Identity, ...]:
        if len(identities) == 1:
            return (self._intake.identity(*identities[0]),)
        return strongest_first([self._intake.identity(*each) for each in identities])

    def _events(self, columns: Columns, now_us: int) -> tuple[list[Event], list[str]]:
        """Return what counts of each event, and what is private of it."""
        kinds, items, offers = columns["types"], columns["item_ids"], columns["offer_ids"]
        subjects = [
            (offer or item) if kind in ABOUT_OFFERS else (item or offer)
            for kind, item, offer in zip(kinds, items, offers)
        ]
        stamps = list(map(self._intake.stamp, subjects))
        quantities = [quantity or 1.0 for quantity in columns["quantities"]]
        offer_nos, families, categories, brands, prices, costs, variants = zip(*stamps)
        events = list(
            map(
                _EVENT,
                zip(
                    columns["times_us"],
                    kinds,
                    columns["channels"],
                    offer_nos,
                    families,
                    categories,
                    brands,
                    prices,
                    costs,
                    quantities,
                    _values(kinds, columns["amounts"], prices, quantities),
                    columns["session_ids"],
                    columns["order_ids"],
                    repeat(False),
                    columns["durations_s"],
                    repeat(False),
                    variants,
                    repeat(Topic.NONE),
                    repeat(NO_DETAILS),
                ),
            )
        )
        privates = [""] * len(kinds)
        for place in _special(columns):
            said = _said(columns, place)
            check_texts(said)
            events[place], privates[place] = self._intake.counted(
                _event(columns, place), said, now_us
            )
        return events, privates

    async def _one_by_one(
        self, columns: Columns, first: int, caller: str, now_us: int, taken: Taken
    ) -> None:
        contents = _contents(columns)
        for place, content in enumerate(contents):
            try:
                said = _said(columns, place)
                if not 1 <= len(said.event_id) <= LONGEST_ID:
                    raise MistakenError(f"event_id: must have 1 to {LONGEST_ID} characters")
                check_texts(said)
                who = self._who(columns["identities"][place])
                event, private = self._intake.counted(_event(columns, place), said, now_us)
                referred = self._referred(columns, place)
            except ValueError as error:
                taken.rejected.append(Rejection(first + place, INVALID, str(error)))
                continue
            prints = self._intake.fingerprints(caller, said.event_id, content.encode())
            of_event = (event, who, said.event_id, caller, said.decision_id, said.placement)
            taken.arrivals.append(_ARRIVAL((first + place, *prints, *of_event, private, referred)))
            if place % AT_ONCE == 0:
                await asyncio.sleep(0)


def _filled(rows: EventRows) -> dict[str, Sequence[Any]]:
    """Return every column in full."""
    count = len(rows.event_ids)
    columns: dict[str, Sequence[Any]] = {"event_ids": rows.event_ids[:]}
    for name in _TEXTS:
        columns[name] = getattr(rows, name)[:] or [""] * count
    for name, empty in _NUMBERS.items():
        columns[name] = getattr(rows, name)[:] or [empty] * count
    return columns


def _identities(rows: EventRows) -> list[tuple[tuple[str, str], ...]]:
    """Return the (kind, value) pairs of each event."""
    pairs = zip(rows.identity_kinds[:], rows.identity_values[:])
    counts = rows.identity_counts[:]
    if not counts:
        return list(zip(pairs))
    return [tuple(islice(pairs, count)) for count in counts]


def _contents(columns: Columns) -> list[str]:
    """Return a text per row that differs when anything in it does."""
    said = [map(_once(str, columns[name]), columns[name]) for name in ("identities", *_NUMBERS)]
    texts = [columns[name] for name in _TEXTS]
    return list(map(_APART.join, zip(*said, *texts)))


def _once(make: Callable[[Any], T], cells: Sequence[Any]) -> Callable[[Any], T]:
    """Return what makes something of each cell, having made it of equal ones but once."""
    return {cell: make(cell) for cell in set(cells)}.__getitem__


def _check_all(columns: Columns, now_us: int) -> None:
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


def _values(
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


def _special(columns: Columns) -> list[int]:
    """Return the places of events of which more is to be read than plain columns."""
    more = (columns["attributes"], columns["queries"], columns["pages"], columns["types"])
    return [
        place
        for place, (attributes, query, page, kind) in enumerate(zip(*more))
        if attributes or query or page or kind in _LOOKED_INTO
    ]


def _said(columns: Columns, place: int) -> Said:
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


def _event(columns: Columns, place: int) -> event_pb2.Event:
    """Return what `Said` does not hold of an event, as a message."""
    event = event_pb2.Event(type=columns["types"][place])
    seconds, micros = divmod(columns["times_us"][place], 1_000_000)
    event.time.seconds, event.time.nanos = seconds, micros * 1_000
    if amount := columns["amounts"][place]:
        event.value.amount = amount
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

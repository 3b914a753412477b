"""Events and profiles as rows: tuples in the order of their columns."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from services.profile.domain.applying import AT_ONCE
from services.profile.domain.event import NO_DETAILS, Event
from services.profile.domain.making import maker
from services.profile.domain.orders import spending
from services.profile.domain.ports import Member, Packed, Recorded
from services.profile.domain.state import State
from services.profile.storage.keyring import Keyring
from services.profile.storage.state_codec import decode, encode

PRIVATE = "event"
"""What the private part of an event is encrypted for."""

EVENT_COLUMNS = (
    "person_id",
    "seq",
    "event_id",
    "caller",
    "received_us",
    # From here on as in `Event`, the details as text.
    "time_us",
    "type",
    "channel",
    "offer_no",
    "family_no",
    "category",
    "brand",
    "price_micros",
    "cost_micros",
    "quantity",
    "value_micros",
    "session_id",
    "order_id",
    "gift",
    "duration_s",
    "reassurance",
    "variant",
    "topic",
    "details",
    "decision_id",
    "placement",
    "private",
    "owner_key",
)
HISTORY_COLUMNS = (*EVENT_COLUMNS, "slice_id")

_EVENT = maker(Event)
_encode_details = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
_decode_details = json.JSONDecoder().decode


def event_row(recorded: Recorded, received_us: int, keyring: Keyring) -> tuple[Any, ...]:
    """Return an event as its row; the person's key must be open if it has a private part."""
    arrival, person_id, seq, _ = recorded
    event, private = arrival.event, arrival.private
    details = event[-1]
    return (
        person_id,
        seq,
        arrival.event_id,
        arrival.caller,
        received_us,
        *event[:-1],
        _encode_details(dict(details)) if details else None,
        arrival.decision_id,
        arrival.placement,
        keyring.encrypt(person_id, private, PRIVATE) if private else None,
        arrival.owner_key or None,
    )


def event_of(row: Any) -> Event:
    """Return the event of a row that holds a person, a position and the columns of an event."""
    details = row[-1]
    return _EVENT((*row[2:-1], NO_DETAILS if details is None else _decode_details(details)))


def member_of(row: Sequence[Any], read: Callable[[bytes], State] = decode) -> Member:
    """Return the member of a row as that of `lock_sets`; its state is read when it is asked for.

    What is only read has the kinds of its identities at the end.
    """
    person_id, group_id, version, seq, freeing_seq, state, *kinds = row
    return Member(person_id, group_id, version, seq, freeing_seq, partial(read, state), *kinds)


async def profile_columns(members: Iterable[Member], now_us: int) -> list[list[Any]]:
    """Return columns of profiles; states that were not touched are None."""
    rows: list[tuple[Any, ...]] = []
    for member in members:
        if member.is_loaded and member.packed is None:
            pack(member, now_us)
        packed = member.packed
        stored = (packed.contribution_micros, packed.data) if packed else (None, None)
        rows.append((member.person_id, member.seq, member.freeing_seq, *stored))
        if len(rows) % AT_ONCE == 0:
            await asyncio.sleep(0)
    return [list(column) for column in zip(*rows, strict=True)]


def set_columns(members: Iterable[Member]) -> list[list[Any]]:
    """Return columns of the sets that persons are in."""
    rows = [(member.person_id, member.group_id, member.version) for member in members]
    return [list(column) for column in zip(*rows, strict=True)]


def pack(member: Member, now_us: int) -> None:
    """See `ProfileTransaction`."""
    state, before = member.state, member.packed
    contribution = before.contribution_micros if before else None
    if "orders" in state.parts and state.orders:
        contribution = spending(state.orders, now_us).contribution_micros
    data = encode(state)
    member.packed = Packed(partial(decode, data), data, contribution)

"""Rows of the streams as packed columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.profile.domain.event import GIFT_AGE, GIFT_DETAILS, GIFT_WORDS, RATING
from services.profile.domain.objections import is_objection
from touchpoint.common.v1.identity_pb2 import IdentityKey
from touchpoint.profile.v1.profile_pb2 import EventColumns, HistoryColumns
from touchpoint.profile.v1.profile_service_pb2 import PersonSet, StreamIdentitiesResponse

_EVENT_FIELDS = (
    "person_ids",
    "seqs",
    "types",
    "times_us",
    "received_us",
    "channels",
    "origins",
    "offer_nos",
    "family_nos",
    "categories",
    "quantities",
    "value_micros",
    "decision_ids",
    "session_ids",
    "gifts",
    "event_ids",
    "order_ids",
)
"""In the order of the statement, after the position."""


def event_columns(rows: Sequence[Any], *, measured: bool = False) -> EventColumns:
    """Return rows of `stream_events`, whose positions are left out."""
    if not rows:
        return EventColumns()
    _, *columns, placements, said_of_gifts, promotion_ids, costs, said, topics = zip(
        *rows, strict=True
    )
    message = EventColumns(**dict(zip(_EVENT_FIELDS, columns, strict=True)))
    if any(placements):
        message.placements.extend(placements)
    if any(said_of_gifts):
        _add_gifts(message, [json.loads(said) if said else {} for said in said_of_gifts])
    if any(promotion_ids):
        message.promotion_ids.extend([promotion_id or "" for promotion_id in promotion_ids])
    if any(topics):
        message.topics.extend(topics)
    if measured:
        _add_measured(message, costs, [json.loads(each) if each else {} for each in said])
    return message


def history_columns(rows: Sequence[Any]) -> HistoryColumns:
    """Return rows of `stream_history`, whose positions are left out."""
    if not rows:
        return HistoryColumns()
    _, *columns = zip(*rows, strict=True)
    names = [each.name for each in HistoryColumns.DESCRIPTOR.fields]
    return HistoryColumns(**dict(zip(names, columns, strict=True)))


def _add_measured(
    message: EventColumns, costs: Sequence[int], said: Sequence[Mapping[str, str]]
) -> None:
    message.cost_micros.extend(costs)
    message.ratings.extend([float(details.get(RATING) or -1.0) for details in said])
    message.objections.extend(
        [is_objection(name, details) for name, details in zip(message.types, said, strict=True)]
    )


def _add_gifts(message: EventColumns, gifts: Sequence[Mapping[str, str]]) -> None:
    if any(not GIFT_DETAILS.isdisjoint(gift) for gift in gifts):
        message.gift_for_ages.extend([int(gift.get(GIFT_AGE) or 0) for gift in gifts])
        for name, column in zip(
            GIFT_WORDS,
            (message.gift_for_genders, message.gift_for_relationships, message.gift_occasions),
            strict=True,
        ):
            column.extend([gift.get(name, "") for gift in gifts])


def identity_columns(position: int, rows: Sequence[Any]) -> StreamIdentitiesResponse:
    """Return rows of `stream_identities` and the position after them."""
    response = StreamIdentitiesResponse(position=position)
    for _, key, kind, person_id, shared, version, person_ids in rows:
        response.identity_keys.append(IdentityKey(kind=kind, key=key))
        response.sets.append(
            PersonSet(person_ids=person_ids, version=version, ambiguous=shared, person_id=person_id)
        )
    return response

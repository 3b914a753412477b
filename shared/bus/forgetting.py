"""Takes erased persons out of the messages that a service has put aside."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from google.protobuf.message import DecodeError

from shared.bus.subjects import EVENTS
from shared.postgres.connection import Transaction
from shared.postgres.queries import Queries
from touchpoint.common.v1.bus_pb2 import EventNotices

_QUERIES = Queries.beside(__file__, "inbox.sql")
_OF_EVENTS = EVENTS.subjects[0].removesuffix("*")


async def forget_in_parked(transaction: Transaction, person_ids: Sequence[str]) -> int:
    """Delete what parked messages say of persons; returns in how many something was found.

    A message about several people keeps what it says of the others.
    """
    persons = list(person_ids)
    rows = await transaction.fetch(_QUERIES.parked_about, persons)
    for row in rows:
        left = _without(row["subject"], row["data"], persons)
        if left:
            await transaction.execute(
                _QUERIES.rewrite_parked, row["consumer"], row["message_id"], left
            )
        else:
            await transaction.execute(_QUERIES.unpark, row["consumer"], row["message_id"])
    return len(rows)


def _without(subject: str, data: bytes, person_ids: Collection[str]) -> bytes:
    """Return a message without some persons; empty when nothing else is in it."""
    if not subject.startswith(_OF_EVENTS):
        return b""
    try:
        notices = EventNotices.FromString(data).notices
    except DecodeError:
        return b""
    others = [notice for notice in notices if notice.person_id not in person_ids]
    return EventNotices(notices=others).SerializeToString()

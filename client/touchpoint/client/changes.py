"""Follows what happens, on the bus within the house: at least once, in order per person, resumable.

    async for batch in follow("nats://127.0.0.1:4222", EVENTS, cursor=kept):
        for change in batch.changes:
            for notice in change.message.notices:
                ...
        keep(batch.cursor)   # together with what you made of it

Needs `nats-py` (the extra `nats` of this package). The bus carries ids, types and numbers, never a
personal value, and keeps 72 hours. A notice may come again: ignore a `seq` of a person that you
have passed.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import nats
from google.protobuf.message import Message
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from touchpoint.common.v1 import bus_pb2

EVENTS, IDENTITIES, ERASURES, MEMBERSHIPS = "EVENTS", "IDENTITIES", "ERASURES", "MEMBERSHIPS"
"""Streams: what people did; which sets of persons are one; who was erased; who is in a segment."""
NOW, START = "", "0"
"""Cursors of those that have none yet: what comes from now on, or all that the bus still holds."""
SCHEMA_NUMBER = 1

_SCHEMA_HEADER = "Touchpoint-Schema"
_HISTORY_IMPORTED = "events.history_imported"
_MESSAGES: Mapping[str, type[Message]] = MappingProxyType(
    {
        "events": bus_pb2.EventNotices,
        "identities": bus_pb2.IdentityNotice,
        "erasures": bus_pb2.PersonErased,
        "memberships": bus_pb2.MembershipNotices,
    }
)
"""By the first part of a subject."""
_WAIT_S = 2.0
_PAUSE_S = 1.0
_INACTIVE_S = 60.0
_FAILURES = (NatsError, OSError, TimeoutError)


class LostError(Exception):
    """The bus no longer holds what comes after a cursor.

    Catch up with the owner (`profile.StreamEvents` and `StreamIdentities` tell the same from the
    beginning, or since a time), then go on from `cursor`, which was the end before you began.
    """

    def __init__(self, cursor: str) -> None:
        super().__init__("the bus no longer holds what comes after the cursor")
        self.cursor = cursor


@dataclass(frozen=True, slots=True)
class Change:
    """A message of the bus."""

    subject: str
    message: Message | None
    """EventNotices, HistoryImported, IdentityNotice, PersonErased or MembershipNotices; None: of a
    later version than this client, put it aside as it is."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages in the order of the stream."""

    cursor: str
    """Where to go on once all of them took effect."""
    changes: Sequence[Change]


async def follow(
    url: str, stream: str = EVENTS, cursor: str = NOW, *, at_most: int = 200
) -> AsyncIterator[Batch]:
    """Yield what comes after a cursor, for ever; raises LostError.

    A connection that breaks is made anew; what was not yielded yet is not lost by that.
    """
    client = await nats.connect(url, max_reconnect_attempts=-1)
    try:
        context = client.jetstream()
        place = await _place(context, stream, cursor)
        while True:
            try:
                async for batch in _read(context, stream, place, at_most):
                    place = _Place.read(batch.cursor)
                    yield batch
            except _FAILURES:
                await asyncio.sleep(_PAUSE_S)
    finally:
        await client.close()


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in a stream; a stream that was made anew begins to count anew."""

    created: str
    sequence: int

    def __str__(self) -> str:
        return f"{self.created}/{self.sequence}"

    @classmethod
    def read(cls, cursor: str) -> _Place:
        created, slash, sequence = cursor.rpartition("/")
        if not slash or not sequence.isdecimal():
            raise ValueError(f"{cursor!r} is no cursor of this client")
        return cls(created, int(sequence))


async def _place(context: JetStreamContext, stream: str, cursor: str) -> _Place:
    if cursor not in (NOW, START):
        return _Place.read(cursor)
    first, end = await _reach(context, stream)
    return end if cursor == NOW else _Place(end.created, first - 1)


async def _reach(context: JetStreamContext, stream: str) -> tuple[int, _Place]:
    """Return the first sequence that a stream holds, and its end."""
    info = await context.stream_info(stream)
    created = "" if info.created is None else info.created.isoformat()
    first = info.state.first_seq if info.state.messages else info.state.last_seq + 1
    return first, _Place(created, info.state.last_seq)


async def _read(
    context: JetStreamContext, stream: str, place: _Place, at_most: int
) -> AsyncIterator[Batch]:
    """Yield batches until the consumer is gone; the server forgets it when it restarts."""
    first, end = await _reach(context, stream)
    if place.created != end.created or not first - 1 <= place.sequence <= end.sequence:
        raise LostError(str(end))
    name = f"follow-{uuid.uuid4().hex[:12]}"
    config = ConsumerConfig(
        name=name,
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
        opt_start_seq=place.sequence + 1,
        inactive_threshold=_INACTIVE_S,
        mem_storage=True,
    )
    await context.add_consumer(stream, config)
    subscription = await context.pull_subscribe_bind(consumer=name, stream=stream)
    try:
        while True:
            messages = await _fetched(subscription, at_most)
            if not messages:
                await context.consumer_info(stream, name)  # raises when it is gone
                continue
            last = messages[-1].metadata.sequence.stream
            yield Batch(str(_Place(end.created, last)), [_change(each) for each in messages])
    finally:
        await subscription.unsubscribe()


async def _fetched(subscription: JetStreamContext.PullSubscription, at_most: int) -> Sequence[Msg]:
    try:
        return await subscription.fetch(at_most, timeout=_WAIT_S)
    except TimeoutError:
        return ()


def _change(message: Msg) -> Change:
    number = (message.headers or {}).get(_SCHEMA_HEADER, "")
    root = message.subject.partition(".")[0]
    kind = _MESSAGES.get(root)
    if message.subject == _HISTORY_IMPORTED:
        kind = bus_pb2.HistoryImported
    if kind is None or number != str(SCHEMA_NUMBER):
        return Change(message.subject, None, message.data)
    found = kind()
    found.ParseFromString(message.data)
    return Change(message.subject, found, message.data)

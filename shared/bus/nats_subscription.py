"""One reader's place in a JetStream stream: a pull consumer made to measure and thrown away."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as CoreSubscription
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.manager import JetStreamManager

from shared.bus.message import Message
from shared.bus.nats_publisher import ID_HEADER, SCHEMA_HEADER
from shared.bus.subjects import Stream
from shared.errors import Unavailable

_INACTIVE_S = 60.0
_ASK_S = 5.0
_GRACE_S = 1.0
_STATUS = "Status"
_EXPIRED = frozenset({"404", "408"})
_NAMESPACE = uuid.UUID("a7a4b3f2-6a5c-4a0f-9c57-6d9f7a1f0b6e")


class NatsSubscription:
    """Asks for messages ahead and hands out what has come; see `Subscription`."""

    def __init__(self, client: Client, streams: JetStreamManager, stream: str, name: str) -> None:
        self._client = client
        self._streams = streams
        self._stream = stream
        self._name = name
        self._inbox = client.new_inbox()
        self._arrived: deque[Message] = deque()
        self._something = asyncio.Event()
        self._asked = 0
        self._asked_until = 0.0
        self._broken = False
        self._core: CoreSubscription | None = None
        self._when_closed: Callable[[], None] = _nothing

    @classmethod
    async def make(
        cls,
        client: Client,
        streams: JetStreamManager,
        stream: Stream,
        name: str,
        after: int,
        subjects: Sequence[str],
    ) -> NatsSubscription:
        """Make the consumer on the server; raises the driver's errors."""
        subscription = cls(client, streams, stream.name, f"{name}-{uuid.uuid4().hex[:12]}")
        await streams.add_consumer(
            stream.name,
            ConsumerConfig(
                name=subscription._name,
                ack_policy=AckPolicy.NONE,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
                filter_subjects=list(subjects) or None,
                inactive_threshold=_INACTIVE_S,
                num_replicas=1,
                mem_storage=True,
            ),
        )
        subscription._core = await client.subscribe(subscription._inbox, cb=subscription._take)
        return subscription

    async def next_batch(self, limit: int, wait_s: float) -> Sequence[Message]:
        """Return what has come, waiting for the first message if there is none."""
        try:
            if not self._arrived:
                await self._wait(limit, wait_s)
        finally:
            _end_if_cancelled()
        arrived = self._arrived
        return [arrived.popleft() for _ in range(min(limit, len(arrived)))]

    def mark_broken(self) -> None:
        """Have the reader follow anew: a restarted server forgets consumers and what they asked."""
        self._broken = True
        self._something.set()

    def when_closed(self, callback: Callable[[], None]) -> None:
        self._when_closed = callback

    async def close(self) -> None:
        """Leave; the server forgets an unused consumer by itself if it cannot be told."""
        self._when_closed()
        self._when_closed = _nothing
        try:
            if self._core is not None:
                await self._core.unsubscribe()
            if self._client.is_connected and not self._broken:
                await self._streams.delete_consumer(self._stream, self._name)
        except (NatsError, TimeoutError):
            return

    async def _wait(self, limit: int, wait_s: float) -> None:
        until = time.monotonic() + wait_s
        while not self._arrived:
            self._refuse_if_broken()
            if self._asked <= 0:
                await self._ask(limit)
            self._something.clear()
            try:
                async with asyncio.timeout(until - time.monotonic()):
                    await self._something.wait()
            except TimeoutError:
                self._refuse_if_broken()
                return

    def _refuse_if_broken(self) -> None:
        """Raise when what was asked for can no longer be relied on to come."""
        unanswered = self._asked > 0 and time.monotonic() > self._asked_until + _GRACE_S
        if self._broken or unanswered or not self._client.is_connected:
            self._broken = True
            raise Unavailable("the bus connection was lost", reason="BUS_UNAVAILABLE")

    async def _ask(self, limit: int) -> None:
        self._asked = limit
        self._asked_until = time.monotonic() + _ASK_S
        request = {"batch": limit, "expires": int(_ASK_S * 1e9)}
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{self._name}"
        try:
            await self._client.publish(subject, json.dumps(request).encode(), reply=self._inbox)
        except NatsError as error:
            raise Unavailable("the bus connection was lost", reason="BUS_UNAVAILABLE") from error

    async def _take(self, message: Msg) -> None:
        status = message.headers.get(_STATUS) if message.headers else None
        if status is None:
            self._asked -= 1
            self._arrived.append(_decoded(message))
        elif status in _EXPIRED:
            self._asked = 0
        else:
            # The consumer is gone, or the server speaks of something that we did not ask.
            self._broken = True
        self._something.set()


def _end_if_cancelled() -> None:
    """Raise CancelledError where one was lost on the way, or whoever reads would never end.

    CPython issue 86296: before 3.12 `asyncio.wait_for`, by which the client of NATS waits, swallows
    a cancellation that comes together with what it waits for.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _nothing() -> None:
    """Be told of a close that nobody waits for."""


def _decoded(message: Msg) -> Message:
    """Read the place and time out of the reply subject, `$JS.ACK.….<stream>.<time>.<pending>`."""
    tokens = message.reply.split(".")
    sequence, stored_ns = (
        (int(tokens[5]), int(tokens[7])) if len(tokens) == 9 else (int(tokens[7]), int(tokens[9]))
    )
    headers = message.headers or {}
    number = headers.get(SCHEMA_HEADER, "")
    return Message(
        subject=message.subject,
        schema_number=int(number) if number.isdigit() else 0,
        data=message.data,
        message_id=_uuid_text(headers.get(ID_HEADER, ""), sequence),
        sequence=sequence,
        stored_us=stored_ns // 1000,
    )


def _uuid_text(message_id: str, sequence: int) -> str:
    """Return the id, or a stable one for a message that somebody else sent without a UUID."""
    try:
        return str(uuid.UUID(message_id))
    except ValueError:
        return str(uuid.uuid5(_NAMESPACE, f"{message_id}/{sequence}"))

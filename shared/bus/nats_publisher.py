"""Publishing to JetStream with many messages on the way and one wait for all of them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.bus.message import Publication

SCHEMA_HEADER = "Touchpoint-Schema"
ID_HEADER = "Nats-Msg-Id"
_ACKNOWLEDGE_S = 2.0


class NotStoredError(NatsError):
    """The server refused a message, or no stream takes its subject."""


class _Batch:
    """The acknowledgements still missing of one publish."""

    __slots__ = ("done", "missing")

    def __init__(self, size: int) -> None:
        self.missing = size
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def acknowledged(self) -> None:
        self.missing -= 1
        if self.missing == 0 and not self.done.done():
            self.done.set_result(None)

    def refused(self, reason: str) -> None:
        if not self.done.done():
            self.done.set_exception(NotStoredError(reason))


class NatsPublisher:
    """One reply subject for all acknowledgements of a connection.

    The driver's own asynchronous publish spends a future, a random token and a semaphore on each
    message; here a batch has one future, and a reply names its batch by number.
    """

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix
        self._batches: dict[str, _Batch] = {}
        self._numbers = itertools.count()

    @classmethod
    async def on(cls, client: Client) -> NatsPublisher:
        """Listen for acknowledgements on a connection."""
        publisher = cls(client, client.new_inbox())
        await client.subscribe(f"{publisher._prefix}.*", cb=publisher._take_reply)
        return publisher

    async def publish(self, publications: Sequence[Publication]) -> None:
        """Return when all were stored; raises a driver's error or TimeoutError otherwise."""
        if not publications:
            return
        number = str(next(self._numbers))
        batch = self._batches[number] = _Batch(len(publications))
        reply = f"{self._prefix}.{number}"
        try:
            for publication in publications:
                headers = {
                    ID_HEADER: publication.message_id,
                    SCHEMA_HEADER: str(publication.schema_number),
                }
                await self._client.publish(
                    publication.subject, publication.data, reply=reply, headers=headers
                )
            async with asyncio.timeout(_ACKNOWLEDGE_S):
                await batch.done
        finally:
            del self._batches[number]
            batch.done.cancel()

    async def _take_reply(self, message: Msg) -> None:
        batch = self._batches.get(message.subject.rpartition(".")[2])
        if batch is None:
            return
        if message.data and b'"error"' not in message.data:
            batch.acknowledged()
        else:
            batch.refused(message.data.decode(errors="replace") or "no stream takes the subject")

"""A consumer whose effects lie in PostgreSQL: each message takes effect once, poison is parked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog

from shared.bus.message import Message
from shared.bus.port import Bus, Subscription
from shared.bus.subjects import Stream
from shared.errors import Aborted, Overloaded, Unavailable
from shared.postgres.pool import Database, Transaction
from shared.postgres.queries import Queries

Handle = Callable[[Transaction, Sequence[Message]], Awaitable[None]]
"""Brings messages to effect, in order, in the transaction that also marks them as taken."""

TRIES = 5
_PASSING = (Unavailable, Aborted, Overloaded)
_QUERIES = Queries.beside(__file__, "inbox.sql")
_WAIT_S = 1.0
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_LAG_ALARM_S = 5.0
_LOG = structlog.get_logger("touchpoint.consumer")


class EffectConsumer:
    """Takes one stream in order, on one replica at a time.

    `name` is unique in the suite (`rules_identities`): it names the durable consumer, the rows of
    the inbox and the leadership. A batch is one transaction. When it fails for a reason that does
    not pass by itself, its messages are taken one by one, and one that failed `TRIES` times is
    parked with the reason, so that the others go on in order.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        *,
        name: str,
        stream: Stream,
        handle: Handle,
        schema_numbers: Collection[int] = (1,),
        subjects: Sequence[str] = (),
        batch: int = 200,
    ) -> None:
        self.name = name
        self.lag_s = 0.0
        """How old the newest message taken was, or 0 when none is waiting."""
        self._bus = bus
        self._database = database
        self._stream = stream
        self._handle = handle
        self._schema_numbers = frozenset(schema_numbers)
        self._subjects = tuple(subjects)
        self._batch = batch

    async def run(self) -> None:
        """Consume for ever while this replica leads; a background task of the service."""
        await self._database.leadership.lead(f"consumer/{self.name}", self._consume)

    async def check(self) -> None:
        """Raise `Unavailable` when this replica lags behind: for health."""
        if self.lag_s > _LAG_ALARM_S:
            raise Unavailable(f"{self.name} lags {self.lag_s:.0f} s behind", reason="BUS_LAGS")

    async def take(self, messages: Sequence[Message]) -> None:
        """Bring each message to effect once; returns when all took effect or are parked."""
        known = [message for message in messages if message.schema_number in self._schema_numbers]
        for message in messages:
            if message.schema_number not in self._schema_numbers:
                await self._park(message, f"unknown schema number {message.schema_number}", 0)
        if known:
            await self._take_known(known)

    async def _consume(self) -> None:
        subscription: Subscription | None = None
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                try:
                    if subscription is None:
                        subscription = await self._bus.consume(
                            self._stream, self.name, self._subjects
                        )
                    await self._step(subscription)
                    pause_s = _FIRST_PAUSE_S
                except _PASSING as error:
                    _LOG.warning("consumer_paused", consumer=self.name, reason=error.reason)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
        finally:
            if subscription is not None:
                await subscription.close()

    async def _step(self, subscription: Subscription) -> None:
        messages = await subscription.next_batch(self._batch, _WAIT_S)
        if not messages:
            self.lag_s = 0.0
            return
        await self._take_through_faults(messages)
        await subscription.acknowledge(messages)
        self.lag_s = max(0.0, time.time() - messages[-1].stored_us / 1e6)

    async def _take_through_faults(self, messages: Sequence[Message]) -> None:
        """Hold on to a batch while the database is away, so that the order stays."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await self.take(messages)
            except _PASSING as error:
                _LOG.warning("consumer_paused", consumer=self.name, reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    async def _take_known(self, messages: Sequence[Message]) -> None:
        try:
            await self._effect(messages)
        except _PASSING:
            raise
        except Exception as error:  # the edge of a background process: poison must not stop it
            if len(messages) == 1:
                await self._try_again(messages[0], error)
                return
            for message in messages:
                await self._take_known([message])

    async def _try_again(self, message: Message, error: Exception) -> None:
        """Repeat one message that failed once already; park it after `TRIES` in all."""
        for _ in range(TRIES - 1):
            try:
                await self._effect([message])
            except _PASSING:
                raise
            except Exception as again:  # see above: whatever it is, it is the message's reason
                error = again
            else:
                return
        await self._park(message, f"{type(error).__name__}: {error}", TRIES)

    async def _effect(self, messages: Sequence[Message]) -> None:
        async with self._database.transaction() as transaction:
            entered = await transaction.fetch(
                _QUERIES.enter_inbox, self.name, [message.message_id for message in messages]
            )
            fresh = {row["message_id"] for row in entered}
            unique = {m.message_id: m for m in reversed(messages) if m.message_id in fresh}
            if unique:
                await self._handle(transaction, list(reversed(unique.values())))

    async def _park(self, message: Message, reason: str, tries: int) -> None:
        await self._database.execute(
            _QUERIES.park,
            self.name,
            message.message_id,
            message.subject,
            message.schema_number,
            message.data,
            reason[:1000],
            tries,
        )
        _LOG.error("message_parked", consumer=self.name, message_id=message.message_id)

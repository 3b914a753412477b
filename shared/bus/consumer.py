"""A consumer whose effects lie in PostgreSQL: each message takes effect once, poison is parked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

from shared.bus.inbox import Inbox
from shared.bus.message import Message
from shared.bus.port import Bus, Subscription
from shared.bus.subjects import Stream
from shared.errors import Aborted, Overloaded, Unavailable
from shared.logging import get_logger
from shared.postgres.connection import Transaction
from shared.postgres.database import Database

Handle = Callable[[Transaction, Sequence[Message]], Awaitable[None]]
"""Brings messages to effect, in order, in the transaction that also marks them as taken."""
Matters = Callable[[Message], bool]
"""Says whether a message can have an effect at all, which no state may change."""
Recover = Callable[[], Awaitable[None]]
"""Fetches from the owner what the stream lost before it was read."""

TRIES = 5
_PASSING = (Unavailable, Aborted, Overloaded)
_WAIT_S = 2.0
"""For messages, which are taken as they come; then it is looked whether the bus still answers."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_LAG_ALARM_S = 5.0
_PRUNE_EVERY_S = 600.0
_KEEP_IDS_S = 96 * 3600.0
"""Longer than any stream keeps a message, so that no id is forgotten too early."""
log = get_logger(__name__)


class EffectConsumer:
    """Takes one stream in order, on one replica at a time.

    `name` is unique in the service's schema (`identities`): it names the place kept in the stream,
    the rows of the inbox and the leadership. A batch is one transaction, which moves the place too;
    messages that do not matter are passed by and leave no trace in the inbox.
    When it fails for a reason that does not pass by itself, it is halved down to the message at
    fault, which is parked with the reason after `TRIES` times; the others go on in order.
    `taken` is called after each commit, for whoever waits to see what was written.
    """

    def __init__(
        self,
        bus: Bus,
        database: Database,
        *,
        name: str,
        stream: Stream,
        handle: Handle,
        matters: Matters = lambda message: True,
        schema_numbers: Collection[int] = (1,),
        subjects: Sequence[str] = (),
        recover: Recover | None = None,
        taken: Callable[[], None] | None = None,
        batch: int = 200,
    ) -> None:
        self.name = name
        self.lag_s = 0.0
        """How old the newest message taken was, or 0 when none is waiting."""
        self._bus = bus
        self._database = database
        self._inbox = Inbox(database, name)
        self._stream = stream
        self._handle = handle
        self._matters = matters
        self._schema_numbers = frozenset(schema_numbers)
        self._subjects = tuple(subjects)
        self._recover = recover
        self._taken = taken
        self._batch = batch
        self._prune_at = 0.0

    async def run(self) -> None:
        """Consume for ever while this replica leads; a background task of the service."""
        await self._database.leadership.lead(f"consumer/{self.name}", self._consume_for_ever)

    async def check_lag(self) -> None:
        """Raise `Unavailable` while this replica lags behind: for health to watch."""
        if self.lag_s > _LAG_ALARM_S:
            raise Unavailable(f"{self.name} lags {self.lag_s:.0f} s behind", reason="BUS_LAGS")

    async def take(self, messages: Sequence[Message]) -> None:
        """Bring each message to effect once; returns when all took effect or are parked."""
        try:
            await self._effect(messages)
        except _PASSING:
            raise
        except Exception as error:  # the edge of a background process: poison must not stop it
            if len(messages) == 1:
                await self._try_again(messages[0], error)
                return
            # Halving finds the poison soon and keeps the order.
            middle = len(messages) // 2
            await self.take(messages[:middle])
            await self.take(messages[middle:])

    async def replay_parked(self) -> int:
        """Try everything parked once more, oldest first; returns how many took effect."""
        messages = await self._inbox.parked()
        for message in messages:
            async with self._database.transaction() as transaction:
                await self._inbox.unpark(transaction, message)
                await self._handle(transaction, [message])
        return len(messages)

    async def _consume_for_ever(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._consume()
            except _PASSING as error:
                log.warning("consumer_paused", consumer=self.name, reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S

    async def _consume(self) -> None:
        """Read from the place kept until the subscription breaks."""
        state = await self._bus.state(self._stream)
        place = await self._inbox.open(state.created_us)
        if place + 1 < state.first:
            await self._mend_loss(place, state.first)
            place = state.first - 1
        subscription = await self._bus.follow(self._stream, self.name, place, self._subjects)
        try:
            while True:
                await self._step(subscription)
        finally:
            await subscription.close()

    async def _step(self, subscription: Subscription) -> None:
        messages = await subscription.next_batch(self._batch, _WAIT_S)
        if messages:
            await self._take_through_faults(messages)
        elif time.monotonic() > self._prune_at:
            # While it is quiet: nobody waits for it.
            await self._inbox.prune(_KEEP_IDS_S)
            self._prune_at = time.monotonic() + _PRUNE_EVERY_S
        self.lag_s = max(0.0, time.time() - messages[-1].stored_us / 1e6) if messages else 0.0

    async def _take_through_faults(self, messages: Sequence[Message]) -> None:
        """Hold on to a batch while the database is away, so that the order stays."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self.take(messages)
            except _PASSING as error:
                log.warning("consumer_paused", consumer=self.name, reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                return

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
        await self._inbox.park(message, f"{type(error).__name__}: {error}", TRIES)

    async def _effect(self, messages: Sequence[Message]) -> None:
        last = messages[-1].sequence
        taken = [each for each in messages if not self._is_known(each) or self._matters(each)]
        if not taken:
            await self._inbox.pass_by(last)
            return
        async with self._database.transaction() as transaction:
            fresh = await self._inbox.enter(transaction, taken, last)
            known = [message for message in fresh if self._is_known(message)]
            if known:
                await self._handle(transaction, known)
            for message in fresh:
                if not self._is_known(message):
                    reason = f"unknown schema number {message.schema_number}"
                    await self._inbox.park_in(transaction, message, reason, 0)
        if self._taken is not None:
            self._taken()

    def _is_known(self, message: Message) -> bool:
        return message.schema_number in self._schema_numbers

    async def _mend_loss(self, place: int, first: int) -> None:
        log.error("messages_lost", consumer=self.name, after=place, before=first)
        if self._recover is not None:
            await self._recover()

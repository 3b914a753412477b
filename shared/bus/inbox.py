"""What a consumer has taken: its place in the stream, message ids, and what it could not take."""

from __future__ import annotations

from collections.abc import Sequence

from shared.bus.message import Message
from shared.logging import get_logger
from shared.postgres.connection import Transaction
from shared.postgres.database import Database
from shared.postgres.queries import Queries

_QUERIES = Queries.beside(__file__, "inbox.sql")
_LONGEST_REASON = 1000
log = get_logger(__name__)


class Inbox:
    """One consumer's rows in the tables of its schema."""

    def __init__(self, database: Database, consumer: str) -> None:
        self._database = database
        self._consumer = consumer
        self._created_us = 0

    async def open(self, created_us: int) -> int:
        """Return the last sequence taken of the stream made at `created_us`, 0 if it is new.

        When a stream was lost and made anew, the ids still keep what came before from counting
        twice.
        """
        place: int = await self._database.fetchval(_QUERIES.open_place, self._consumer, created_us)
        self._created_us = created_us
        return place

    async def enter(
        self, transaction: Transaction, messages: Sequence[Message], last: int
    ) -> Sequence[Message]:
        """Mark as taken and return those that were not yet, in order, each id once.

        The place moves to `last`, the sequence of the last message that was looked at.

        Locks the place first, so that a leader that was frozen and its successor take turns.
        """
        entered = await transaction.fetch(
            _QUERIES.enter_inbox,
            self._consumer,
            [message.message_id for message in messages],
        )
        await transaction.execute(_QUERIES.move_place, self._consumer, self._created_us, last)
        fresh = {row["message_id"] for row in entered}
        once: dict[str, Message] = {}
        for message in messages:
            if message.message_id in fresh:
                once.setdefault(message.message_id, message)
        return list(once.values())

    async def pass_by(self, last: int) -> None:
        """Go past messages that have no effect, up to the sequence of the last one."""
        await self._database.execute(_QUERIES.move_place, self._consumer, self._created_us, last)

    async def park(self, message: Message, reason: str, tries: int) -> None:
        """Put a message aside and go past it."""
        async with self._database.transaction() as transaction:
            if await self.enter(transaction, [message], message.sequence):
                await self.park_in(transaction, message, reason, tries)

    async def park_in(
        self, transaction: Transaction, message: Message, reason: str, tries: int
    ) -> None:
        """Put a message aside that is marked as taken already."""
        await transaction.execute(
            _QUERIES.park,
            self._consumer,
            message.message_id,
            message.subject,
            message.schema_number,
            message.data,
            message.sequence,
            message.stored_us,
            reason[:_LONGEST_REASON],
            tries,
        )
        log.error("message_parked", consumer=self._consumer, message_id=message.message_id)

    async def parked(self) -> Sequence[Message]:
        """Return what is put aside, oldest first."""
        rows = await self._database.fetch(_QUERIES.read_parked, self._consumer)
        return [Message(**row) for row in rows]

    async def unpark(self, transaction: Transaction, message: Message) -> None:
        """Take a message back; it stays marked as taken."""
        await transaction.execute(_QUERIES.unpark, self._consumer, message.message_id)

    async def prune(self, keep_s: float) -> None:
        """Forget ids that the bus cannot deliver any more."""
        await self._database.execute(_QUERIES.prune_inbox, self._consumer, keep_s)

"""One connection: its statements, with failures turned into the kit's errors."""

from __future__ import annotations

import asyncio
from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from asyncpg import DataError, InterfaceError, InternalClientError

from shared.logging import get_logger
from shared.postgres.failures import FAILURES, gone, is_unfit, translated, unfit
from shared.postgres.running import Running

log = get_logger(__name__)

Row = Mapping[str, Any]
"""One row by column name; also indexable by position at run time."""
Answer = TypeVar("Answer")
_NO_WORD = (*FAILURES, InterfaceError, InternalClientError)
"""What is raised where the server cannot be told anything more; it may have hung up already."""


class Connection:
    """The statements of one connection; failures leave it as the kit's errors."""

    __slots__ = ("_driver", "_left", "_unsure", "wrote_outbox")

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._unsure = False
        self._left: asyncio.Future[Any] | None = None
        self.wrote_outbox = False
        """Set by whoever wrote an outbox row, so that the relay is woken after the commit."""

    async def fetch(self, query: str, *args: object, timeout_s: float | None = None) -> list[Row]:
        """Return all rows."""
        return await self._run(self._driver.fetch(query, *args, timeout=timeout_s))

    async def fetchrow(
        self, query: str, *args: object, timeout_s: float | None = None
    ) -> Row | None:
        """Return the first row, or None."""
        return await self._run(self._driver.fetchrow(query, *args, timeout=timeout_s))

    async def fetchval(self, query: str, *args: object, timeout_s: float | None = None) -> Any:
        """Return the first column of the first row, or None."""
        return await self._run(self._driver.fetchval(query, *args, timeout=timeout_s))

    async def execute(self, query: str, *args: object, timeout_s: float | None = None) -> str:
        """Run a statement and return its status, such as `UPDATE 3`."""
        return await self._run(self._driver.execute(query, *args, timeout=timeout_s))

    async def executemany(
        self, query: str, rows: Iterable[Sequence[object]], timeout_s: float | None = None
    ) -> None:
        """Run a statement once per row, pipelined; all or nothing."""
        await self._run(_apart(self._driver.executemany(query, rows, timeout=timeout_s)))

    async def copy_rows(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        timeout_s: float | None = None,
    ) -> None:
        """Write rows with COPY into a table of the service's own schema."""
        copying = self._driver.copy_records_to_table(
            table, records=rows, columns=columns, timeout=timeout_s
        )
        await self._run(_apart(copying))

    async def rehearse(self, work: Callable[[Connection], Awaitable[object]]) -> None:
        """Do work in a transaction and roll it back."""
        await self.execute("BEGIN")
        try:
            await work(self)
        finally:
            await self.roll_back()

    async def roll_back(self) -> None:
        """Undo the open transaction; a connection that cannot be asked to is given up."""
        if not self.is_usable:
            return
        try:
            await self._driver.execute("ROLLBACK")
        except _NO_WORD:
            self.give_up()

    @property
    def is_usable(self) -> bool:
        """Whether the next one may have it: open, between transactions, nothing left running."""
        return not (self._unsure or self._left is not None or self._driver.is_closed())

    @property
    def is_left(self) -> bool:
        """Whether a statement still runs that nobody waits for any more."""
        return self._left is not None

    async def settle(self, patience_s: float) -> None:
        """Let a statement that was left come to its end and undo its transaction, or give up."""
        left, self._left = self._left, None
        if left is not None:
            ended, _ = await asyncio.wait({left}, timeout=patience_s)
            self._unsure = self._unsure or not ended
        if self.is_usable and self._driver.is_in_transaction():
            await self.roll_back()

    def give_up(self) -> None:
        """Hang up without a word to the server."""
        self._unsure = True
        self._driver.terminate()

    async def close(self, timeout_s: float) -> None:
        """Take leave of the server."""
        try:
            await self._driver.close(timeout=timeout_s)
        except _NO_WORD:
            self.give_up()

    async def _run(self, statement: Coroutine[Any, Any, Answer]) -> Answer:
        # A statement is not cancelled with its caller, whose deadline has passed: the connection
        # would be lost, and making a new one costs more than all else that an overload costs.
        running = Running(statement)
        try:
            return await running.to_its_end()
        except FAILURES as error:
            # After a time-out the server may still be busy with the statement.
            self._unsure = isinstance(error, TimeoutError)
            raise translated(error) from error
        except DataError as error:
            if not is_unfit(error):
                raise
            log.warning("value_unfit", exc_info=error)
            raise unfit() from error
        except InterfaceError as error:
            if self._driver.is_closed():
                raise gone() from error
            raise
        except InternalClientError as error:
            # The server hung up between two statements, and the driver has read half of it.
            self._unsure = True
            raise gone() from error
        except CancelledError:
            self._left = asyncio.ensure_future(running.to_its_end())
            self._left.add_done_callback(_nobody_asks)
            raise


async def _apart(statement: Coroutine[Any, Any, Answer]) -> Answer:
    """Run what the driver may end by cancelling the task that it runs in: that is not ours."""
    return await asyncio.ensure_future(statement)


def _nobody_asks(left: asyncio.Future[Any]) -> None:
    """Look at how a statement ended that was left, or asyncio would complain of its error."""
    if not left.cancelled():
        left.exception()


Transaction = Connection
"""A connection inside a transaction, as `Database.transaction` hands it out."""

"""One connection: its statements, with failures turned into the kit's errors."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from asyncpg import InterfaceError

from shared.postgres.failures import FAILURES, gone, translated

Row = Mapping[str, Any]
"""One row by column name; also indexable by position at run time."""
Answer = TypeVar("Answer")


class Connection:
    """The statements of one connection; failures leave it as the kit's errors."""

    __slots__ = ("_driver", "_unsure", "wrote_outbox")

    def __init__(self, driver: Any) -> None:
        self._driver = driver
        self._unsure = False
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
        await self._run(self._driver.executemany(query, rows, timeout=timeout_s))

    async def copy_rows(
        self,
        table: str,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        timeout_s: float | None = None,
    ) -> None:
        """Write rows with COPY into a table of the service's own schema."""
        await self._run(
            self._driver.copy_records_to_table(
                table, records=rows, columns=columns, timeout=timeout_s
            )
        )

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
        except (*FAILURES, InterfaceError):
            self.give_up()

    @property
    def is_usable(self) -> bool:
        """Whether the next one may have it: open, between transactions, nothing left running."""
        return not (self._unsure or self._driver.is_closed())

    def give_up(self) -> None:
        """Hang up without a word to the server."""
        self._unsure = True
        self._driver.terminate()

    async def close(self, timeout_s: float) -> None:
        """Take leave of the server."""
        try:
            await self._driver.close(timeout=timeout_s)
        except (*FAILURES, InterfaceError):
            self.give_up()

    async def _run(self, statement: Awaitable[Answer]) -> Answer:
        try:
            return await statement
        except FAILURES as error:
            # After a time-out the server may still be busy with the statement.
            self._unsure = isinstance(error, TimeoutError)
            raise translated(error) from error
        except InterfaceError as error:
            if self._driver.is_closed():
                raise gone() from error
            raise
        except CancelledError:
            self._unsure = True
            raise


Transaction = Connection
"""A connection inside a transaction, as `Database.transaction` hands it out."""

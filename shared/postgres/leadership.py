"""One replica at a time does a job: session advisory locks on a connection of their own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from shared.postgres.failures import FAILURES
from shared.postgres.limits import Limits

_CANDIDATE_PAUSE_S = 0.5
_BEAT_S = 2.0
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || '/' || $1, 0))"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended(current_schema() || '/' || $1, 0))"
_BEAT = "SELECT 1"


class Leadership:
    """Runs jobs of which at most one replica should run each.

    It avoids double work and does not rule it out: a frozen leader may wake up beside its
    successor. So what a job does must be harmless when done twice (message id, inbox row, token).
    """

    def __init__(self, url: str, application: str, limits: Limits) -> None:
        self.application = application
        """Whose replicas these are."""
        self._url = url
        self._limits = limits
        self._connection: Any = None
        self._lost = asyncio.Event()
        self._turn = asyncio.Lock()
        self._beaten_at = 0.0

    async def lead(self, job: str, work: Callable[[], Awaitable[None]]) -> None:
        """Wait until this replica leads `job`, then run `work`; again whenever the lock was lost.

        Returns when `work` returns; an error of `work` passes through and frees the job.
        """
        while True:
            lost = await self._try(job)
            if lost is None:
                await asyncio.sleep(_CANDIDATE_PAUSE_S)
            elif await self._work_until_lost(job, work, lost):
                return

    async def close(self) -> None:
        """Give up every lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def _try(self, job: str) -> asyncio.Event | None:
        """Return the event of losing the lock, or None when another holds it or none answers."""
        async with self._turn:
            try:
                connection = await self._connected()
                held = await connection.fetchval(_LOCK, job)
            except FAILURES:
                return None
            return self._lost if held else None

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            connection = await asyncpg.connect(
                self._url,
                timeout=self._limits.connect_s,
                command_timeout=self._limits.command_s,
                server_settings=self._limits.server_settings(f"{self.application}-leadership"),
            )
            lost = self._lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            self._connection = connection
        return self._connection

    async def _work_until_lost(
        self, job: str, work: Callable[[], Awaitable[None]], lost: asyncio.Event
    ) -> bool:
        """Return whether the work came to its own end."""
        task = asyncio.ensure_future(work())
        loss = asyncio.ensure_future(lost.wait())
        try:
            while not (task.done() or loss.done()):
                await asyncio.wait(
                    {task, loss}, timeout=_BEAT_S, return_when=asyncio.FIRST_COMPLETED
                )
                await self._beat(lost)
            if task.done():
                await task
            return task.done()
        finally:
            task.cancel()
            loss.cancel()
            await asyncio.gather(task, loss, return_exceptions=True)
            await self._unlock(job, lost)

    async def _beat(self, lost: asyncio.Event) -> None:
        """Notice a server that is gone without having closed the connection; once for all jobs."""
        async with self._turn:
            if lost.is_set() or self._connection is None:
                return
            if time.monotonic() - self._beaten_at < _BEAT_S / 2:
                return
            try:
                await self._connection.execute(_BEAT)
                self._beaten_at = time.monotonic()
            except FAILURES:
                self._connection.terminate()
                lost.set()

    async def _unlock(self, job: str, lost: asyncio.Event) -> None:
        async with self._turn:
            if lost.is_set() or self._connection is None:
                return
            try:
                await self._connection.execute(_UNLOCK, job)
            except FAILURES:
                self._connection.terminate()

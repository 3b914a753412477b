"""A TCP proxy that stands between two processes and can be told to behave badly."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

_CHUNK = 65536


class Fault(Enum):
    """What the proxy does to a connection."""

    NONE = "none"
    DEAD = "dead"
    """Ends every connection and accepts none, as when the process behind is gone."""
    SLOW = "slow"
    """Passes every byte on, later than anybody waits."""
    BLACK_HOLE = "black_hole"
    """Accepts everything and answers nothing, as when the network swallows packets."""


class Proxy:
    """Forwards one port to another as long as it is told no fault."""

    def __init__(self, target: str, slow_s: float) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._slow_s = slow_s
        self._fault = Fault.NONE
        self._healthy = asyncio.Event()
        self._healthy.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.address = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Listen within the context; what is connected is cut at its end."""
        await self._listen(0)
        try:
            yield self
        finally:
            self._cut()

    async def behave(self, fault: Fault) -> None:
        """Change behaviour at once, also on connections that stand."""
        self._fault = fault
        if fault is Fault.BLACK_HOLE:
            self._healthy.clear()
        else:
            self._healthy.set()
        if fault is Fault.DEAD:
            self._cut()
        elif self._server is None:
            await self._listen(int(self.address.rpartition(":")[2]))

    async def _listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def _cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer))
                group.create_task(self._pump(far_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # either side has gone, or this one was cut: the end of the connection says so
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
            with contextlib.suppress(UnboundLocalError):
                far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(_CHUNK):
            await self._healthy.wait()
            if self._fault is Fault.SLOW:
                await asyncio.sleep(self._slow_s)
            writer.write(chunk)
            await writer.drain()
        writer.transport.abort()

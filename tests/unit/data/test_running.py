"""A statement outlives whoever waits for it, and is never cancelled in its middle."""

from __future__ import annotations

import asyncio
import gc

import pytest

from shared.errors import Unavailable
from shared.postgres.connection import Connection
from shared.postgres.running import Running


class Server:
    """Answers when told to; counts how often somebody tried to cancel what it is asked."""

    def __init__(self):
        self.answer = asyncio.get_running_loop().create_future()
        self.cancelled = 0

    async def ask(self):
        try:
            first = await self.answer
            await asyncio.sleep(0)
            return first, "and all"
        except asyncio.CancelledError:
            self.cancelled += 1
            raise


async def test_the_answer_comes_through():
    server = Server()
    asyncio.get_running_loop().call_soon(server.answer.set_result, "one")
    assert await Running(server.ask()).to_its_end() == ("one", "and all")


async def test_a_failure_comes_through():
    server = Server()
    asyncio.get_running_loop().call_soon(server.answer.set_exception, ValueError("refused"))
    with pytest.raises(ValueError, match="refused"):
        await Running(server.ask()).to_its_end()


async def test_whoever_leaves_cancels_nothing_and_it_goes_on_where_it_was():
    server = Server()
    running = Running(server.ask())
    waiting = asyncio.ensure_future(running.to_its_end())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    assert not server.answer.cancelled()
    going_on = asyncio.ensure_future(running.to_its_end())
    await asyncio.sleep(0)
    server.answer.set_result("one")
    assert await going_on == ("one", "and all")
    assert server.cancelled == 0


async def test_nothing_is_lost_when_the_answer_comes_as_its_caller_leaves():
    server = Server()
    running = Running(server.ask())
    waiting = asyncio.ensure_future(running.to_its_end())
    await asyncio.sleep(0)
    server.answer.set_result("one")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await running.to_its_end() == ("one", "and all")
    assert server.cancelled == 0


class Driver:
    """A driver whose statements all wait for one server."""

    def __init__(self, server):
        self._server = server

    def is_closed(self):
        return False

    def is_in_transaction(self):
        return False

    async def fetchval(self, *_, timeout):
        return await self._server.ask()

    async def executemany(self, *_, timeout):
        asyncio.current_task().cancel()  # as `asyncio.timeout` does when the time is up
        with pytest.raises(asyncio.CancelledError):
            await self._server.ask()
        raise TimeoutError


async def test_nobody_hears_of_a_failure_of_a_statement_that_was_left(caplog):
    server = Server()
    connection = Connection(Driver(server))
    waiting = asyncio.ensure_future(connection.fetchval("SELECT 1"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert connection.is_left
    server.answer.set_exception(ValueError("refused"))
    await connection.settle(1.0)
    assert connection.is_usable
    gc.collect()
    assert not caplog.records


async def test_a_driver_that_cancels_its_own_task_ends_its_statement_and_not_the_caller():
    with pytest.raises(Unavailable):
        await Connection(Driver(Server())).executemany("INSERT", [])
    assert asyncio.current_task().cancelling() == 0

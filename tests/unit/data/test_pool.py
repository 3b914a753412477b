"""No connection is lost by those who wait for one."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared.errors import Overloaded
from shared.postgres.pool import Pool

ACQUIRE_S = 0.05


class Driver:
    """A connection that does nothing and stays open."""

    def is_closed(self):
        return False

    def is_in_transaction(self):
        return False

    def terminate(self):
        pass

    async def close(self, timeout=None):
        pass


async def connect():
    return Driver()


@pytest.fixture
async def pool():
    opened = Pool(connect, 1, ACQUIRE_S)
    await opened.open()
    yield opened
    await opened.close(0.1)


async def test_a_connection_that_comes_when_the_time_is_up_is_lent_and_not_lost(pool):
    connection = await pool.take()
    loop = asyncio.get_running_loop()
    # Both fall due while the loop stands still: the connection is handed on, then time is up.
    loop.call_later(0.9 * ACQUIRE_S, pool.give_back, connection)
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    time.sleep(2 * ACQUIRE_S)
    assert await waiting is connection
    pool.give_back(connection)
    assert await pool.take() is connection


async def test_who_waits_too_long_is_refused_and_the_next_one_served(pool):
    connection = await pool.take()
    with pytest.raises(Overloaded):
        await pool.take()
    pool.give_back(connection)
    assert await pool.take() is connection


async def test_a_waiter_that_leaves_takes_no_connection_with_it(pool):
    connection = await pool.take()
    waiting = asyncio.create_task(pool.take())
    await asyncio.sleep(0)
    pool.give_back(connection)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await pool.take() is connection

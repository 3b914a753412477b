"""A connection whose server hung up without the driver having understood it yet."""

import asyncpg
import pytest

from shared.postgres.connection import Connection


class HalfRead:
    """A driver that was told of the end between two statements."""

    def __init__(self):
        self.is_terminated = False

    def is_closed(self):
        return self.is_terminated

    async def execute(self, statement):
        raise asyncpg.InternalClientError("cannot switch to another state")

    async def close(self, *, timeout):
        raise asyncpg.InternalClientError("cannot switch to another state")

    def terminate(self):
        self.is_terminated = True


@pytest.mark.parametrize("leave", [Connection.roll_back, lambda each: each.close(0.1)])
async def test_what_cannot_be_told_to_the_server_any_more_is_given_up(leave):
    driver = HalfRead()
    connection = Connection(driver)
    assert connection.is_usable
    await leave(connection)
    assert driver.is_terminated
    assert not connection.is_usable

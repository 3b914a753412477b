"""A connection whose server hung up without the driver having understood it yet."""

import asyncpg
import pytest

from shared.errors import InvalidArgument
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


class Refusing:
    """A driver that refuses a value, itself or by the server's word."""

    def __init__(self, error):
        self._error = error

    def is_closed(self):
        return False

    def is_in_transaction(self):
        return False

    async def execute(self, statement, *_, timeout):
        raise self._error


@pytest.mark.parametrize(
    "refused",
    [
        asyncpg.DataError("invalid input for query argument $1: 'x' (value out of int64 range)"),
        asyncpg.CharacterNotInRepertoireError("invalid byte sequence for encoding UTF8: 0x00"),
    ],
    ids=["driver", "server"],
)
async def test_a_value_that_no_column_holds_is_the_fault_of_whoever_sent_it(refused):
    connection = Connection(Refusing(refused))
    with pytest.raises(InvalidArgument) as told:
        await connection.execute("SELECT $1")
    assert str(refused) not in told.value.message
    assert connection.is_usable


async def test_twin_a_statement_that_reckons_wrongly_is_a_defect_of_ours():
    with pytest.raises(asyncpg.DivisionByZeroError):
        await Connection(Refusing(asyncpg.DivisionByZeroError("/ 0"))).execute("SELECT 1 / 0")

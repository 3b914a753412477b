import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from shared.bus import InMemoryBus
from shared.clock import BusinessClock, to_us
from shared.clock_service import clock_binding
from shared.errors import FailedPrecondition, InvalidArgument
from shared.postgres.clock import DatabaseClock, open_clock
from shared.postgres.provision import provision
from shared.runtime import Channels, Openers, process_runtime
from shared.service import Service
from shared.testing import FakeClock
from shared.testing.grpc import grpc_service
from shared.testing.plugin import FreshDatabase
from shared.testing.postgres import TestServer, password_of
from tests.grpc.kit.hosting_kit import settings
from touchpoint.common.v1 import clock_service_pb2 as clock_pb
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub

NO_MIGRATIONS = Path(__file__).with_name("no_migrations")
WEEK = timedelta(days=7)
COMPARED_TO_US = 1_000_000
"""How well the server's time is known at worst: to half the way there and back."""


@pytest_asyncio.fixture(params=["fake", "database"], loop_scope="session")
async def any_clock(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> AsyncIterator[BusinessClock]:
    if request.param == "fake":
        yield FakeClock()
        return
    database = await fresh_database("rules", NO_MIGRATIONS)
    async with open_clock(database, development=True) as clock:
        yield clock


async def test_it_tells_the_same_time_in_both_units(any_clock: BusinessClock):
    before_us = any_clock.now_us()
    assert before_us <= to_us(any_clock.now()) < before_us + 1_000_000


async def test_a_move_takes_effect_at_once_and_is_told_as_offset(any_clock: BusinessClock):
    before_us = any_clock.now_us()
    told = await any_clock.move(WEEK)
    assert to_us(told) - before_us >= 7 * 86_400_000_000 - COMPARED_TO_US
    assert any_clock.offset_us == 7 * 86_400_000_000


async def test_moves_add_up(any_clock: BusinessClock):
    await any_clock.move(WEEK)
    await any_clock.move(WEEK)
    assert any_clock.offset_us == 14 * 86_400_000_000


@pytest.mark.parametrize("by", [timedelta(0), -WEEK, timedelta(days=4000)])
async def test_it_never_goes_back_nor_absurdly_far(any_clock: BusinessClock, by: timedelta):
    before_us = any_clock.now_us()
    with pytest.raises(InvalidArgument):
        await any_clock.move(by)
    assert any_clock.offset_us == 0
    assert any_clock.now_us() >= before_us


async def test_readings_never_fall(any_clock: BusinessClock):
    readings = [any_clock.now_us() for _ in range(1000)]
    assert readings == sorted(readings)


async def test_it_is_not_moved_outside_development(fresh_database: FreshDatabase):
    database = await fresh_database("rules", NO_MIGRATIONS)
    async with open_clock(database, development=False) as clock:
        for refusing in (clock, FakeClock(development=False)):
            with pytest.raises(FailedPrecondition):
                await refusing.move(WEEK)
            assert refusing.offset_us == 0


async def test_in_production_not_even_the_roles_rights_allow_it(postgres: TestServer):
    async with postgres.clone("rules", NO_MIGRATIONS) as url:
        admin_url = postgres.url_of(url.rpartition("/")[2])
        await provision(admin_url, password_of, development=False, services=("rules",))
        connection = await asyncpg.connect(url)
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetchval("SELECT clock.move(1)")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("UPDATE clock.business_offset SET offset_us = 5")
        finally:
            await connection.close()


async def test_not_even_the_administrator_sets_it_back(postgres: TestServer):
    async with postgres.clone("rules", NO_MIGRATIONS) as url:
        admin = await asyncpg.connect(postgres.url_of(url.rpartition("/")[2]))
        try:
            await admin.fetchval("SELECT clock.move(1000)")
            with pytest.raises(asyncpg.RaiseError):
                await admin.execute("UPDATE clock.business_offset SET offset_us = 5")
        finally:
            await admin.close()


async def test_a_move_on_one_replica_is_known_on_another_over_the_bus(
    fresh_database: FreshDatabase, in_memory_bus
):
    database = await fresh_database("rules", NO_MIGRATIONS)
    heard = asyncio.Event()
    async with (
        open_clock(database, development=True, bus=in_memory_bus) as here,
        open_clock(database, development=True, bus=in_memory_bus) as there,
    ):
        await in_memory_bus.on_notice("clock.moved", lambda _: heard.set())
        await here.move(WEEK)
        await asyncio.wait_for(heard.wait(), 1)
        await there.refresh()
        assert there.offset_us == here.offset_us


async def test_the_machines_time_set_back_makes_it_stand_still(fresh_database: FreshDatabase):
    database = await fresh_database("rules", NO_MIGRATIONS)
    clock = DatabaseClock(database, development=True)
    await clock.refresh()
    before_us = clock.now_us()
    clock._ahead_us -= 3_600_000_000
    assert clock.now_us() == before_us


async def test_the_service_tells_and_moves_it():
    clock = FakeClock()
    async with grpc_service(clock_binding(clock)) as channel:
        stub = ClockServiceStub(channel)
        before = await stub.GetClock(clock_pb.GetClockRequest(), timeout=5)
        request = clock_pb.MoveClockRequest()
        request.by.FromTimedelta(WEEK)
        after = await stub.MoveClock(request, timeout=5)
    assert after.business_time.seconds - before.business_time.seconds == 7 * 86_400
    assert after.offset.seconds == 7 * 86_400


async def test_health_reads_the_clock_while_it_asks_whether_the_database_answers(
    fresh_database: FreshDatabase,
):
    database = await fresh_database("rules", NO_MIGRATIONS)
    elsewhere = DatabaseClock(database, development=True)
    clock = DatabaseClock(database, development=True)  # that nobody keeps fresh

    @asynccontextmanager
    async def opened(found: Any, *_: object) -> AsyncIterator[Any]:
        yield found

    openers = Openers(
        partial(opened, database), partial(opened, InMemoryBus()), partial(opened, clock)
    )
    async with process_runtime(settings(), openers, Channels()) as runtime:
        await runtime.postgres()
        await elsewhere.move(WEEK)
        await runtime.needed(Service("rules", ()))["postgres"]()
    assert clock.offset_us == 7 * 86_400_000_000

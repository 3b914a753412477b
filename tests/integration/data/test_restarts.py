"""Both engines are killed, frozen and restarted under the event plane."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from shared.bus import EVENTS, EffectConsumer, Follower, Publication, Relay, append, open_bus
from shared.engines import NatsEngine, PostgresEngine
from shared.errors import TouchpointError, Unavailable
from shared.postgres import Database, Limits, open_database
from shared.testing.background import running, until
from shared.testing.plugin import FreshDatabase
from shared.testing.postgres import TestServer
from tests.integration.engines.processes import of_home

MIGRATIONS = Path(__file__).with_name("migrations")
RELAY = Path(__file__).with_name("relay_process.py")


@pytest_asyncio.fixture(loop_scope="session")
async def own_nats(tmp_path: Path) -> AsyncIterator[NatsEngine]:
    engine = NatsEngine(tmp_path)
    yield engine
    await engine.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator:
    home = tmp_path_factory.mktemp("own-postgres")
    engine = PostgresEngine(home)
    yield TestServer(await engine.start()), engine, home
    await engine.stop()


def process_under(home: Path, name: str) -> psutil.Process:
    """The main process of an engine: the oldest of its name that belongs to the home."""
    found = [process for process in of_home(home) if process.name() == name]
    return min(found, key=lambda process: process.create_time())


async def store_names(transaction, messages) -> None:
    await transaction.execute(
        "INSERT INTO thing (name) SELECT unnest($1::text[])", [m.data.decode() for m in messages]
    )


async def write(database: Database, numbers: range) -> None:
    async with database.transaction() as transaction:
        await append(transaction, [Publication("events.5", 1, b"%d" % n) for n in numbers])


async def numbers_in(database: Database) -> list[int]:
    rows = await database.fetch("SELECT name FROM thing ORDER BY thing_id")
    return [int(row["name"]) for row in rows]


async def test_nothing_is_lost_doubled_or_reordered_when_nats_is_killed_and_restarted(
    own_nats: NatsEngine, fresh_database: FreshDatabase, tmp_path: Path
):
    database = await fresh_database("rules", MIGRATIONS)
    url = await own_nats.start()
    followed: list[int] = []

    async def nothing_to_catch_up() -> None:
        followed.clear()

    async with open_bus(url, name="test") as bus:
        consumer = EffectConsumer(bus, database, name="n", stream=EVENTS, handle=store_names)
        follower = Follower(
            bus,
            EVENTS,
            name="f",
            apply=lambda message: followed.append(int(message.data)),
            catch_up=nothing_to_catch_up,
        )
        async with running(Relay(bus, database), consumer, follower):
            await follower.ready.wait()
            await write(database, range(500))
            await until(lambda: reached(database, 500))
            process_under(tmp_path, "nats-server").kill()
            await write(database, range(500, 1000))
            await own_nats.stop()
            await write(database, range(1000, 1500))
            assert await own_nats.start() == url
            await write(database, range(1500, 2000))
            await until(lambda: reached(database, 2000))

            await until(lambda: len(followed) >= 2000)
    assert await numbers_in(database) == list(range(2000))
    assert followed == list(range(2000))


async def reached(database: Database, count: int) -> bool:
    return len(await numbers_in(database)) >= count


async def test_a_relay_process_killed_at_any_moment_loses_and_doubles_nothing(
    postgres: TestServer, own_nats: NatsEngine
):
    nats_url = await own_nats.start()
    async with (
        postgres.clone("rules", MIGRATIONS) as database_url,
        open_database(database_url, application="test", connections=4) as database,
        open_bus(nats_url, name="test") as bus,
    ):
        consumer = EffectConsumer(bus, database, name="n", stream=EVENTS, handle=store_names)
        async with running(consumer):
            for round_ in range(6):
                child = subprocess.Popen(
                    [sys.executable, str(RELAY), database_url, nats_url],
                    stdout=subprocess.PIPE,
                    env={**os.environ, "PYTHONPATH": f"{Path.cwd()}:{Path.cwd() / 'gen'}"},
                )
                assert child.stdout is not None
                await asyncio.to_thread(child.stdout.readline)
                for batch in range(10):
                    first = (round_ * 10 + batch) * 50
                    await write(database, range(first, first + 50))
                child.send_signal(signal.SIGKILL)
                child.wait()
                child.stdout.close()
            async with running(Relay(bus, database)):
                await until(lambda: reached(database, 3000))
        assert sorted(await numbers_in(database)) == list(range(3000))
        assert await database.fetchval("SELECT count(*) FROM outbox") == 0


async def test_the_database_killed_under_load_comes_back_without_anybodys_help(own_postgres):
    server, _, home = own_postgres
    async with server.database("rules", MIGRATIONS) as database:
        await database.execute("INSERT INTO thing (name) VALUES ('before')")
        began = await database.fetchval("SELECT pg_postmaster_start_time()")
        process_under(home, "postgres").kill()

        async def began_again() -> bool:
            try:
                return await database.fetchval("SELECT pg_postmaster_start_time()") > began
            except TouchpointError:
                return False

        await until(began_again, 30)
        assert await database.fetchval("SELECT count(*) FROM thing") == 1
        await asyncio.gather(*(database.fetchval("SELECT pg_sleep(0.01)") for _ in range(20)))


async def test_a_frozen_database_is_noticed_in_bounded_time_and_used_again_when_it_thaws(
    own_postgres,
):
    server, _, home = own_postgres
    limits = Limits(acquire_s=0.2, command_s=0.3, statement_s=0.2, connect_s=0.5)
    async with server.database("rules", MIGRATIONS, connections=2, limits=limits) as database:
        assert await database.fetchval("SELECT 1") == 1
        main = process_under(home, "postgres")
        family = [main, *main.children(recursive=True)]
        for process in family:
            process.suspend()
        try:
            began = time.monotonic()
            outcomes = await asyncio.gather(
                *(database.fetchval("SELECT 1") for _ in range(10)), return_exceptions=True
            )
            took = time.monotonic() - began
        finally:
            for process in family:
                process.resume()
        assert all(isinstance(outcome, TouchpointError) for outcome in outcomes)
        assert took < 2.0

        async def answers() -> bool:
            try:
                return await database.fetchval("SELECT 1") == 1
            except TouchpointError:
                return False

        await until(answers, 10)


async def test_a_leader_whose_session_ends_stops_and_leads_again(own_postgres):
    server, _, _ = own_postgres
    async with server.database("rules", MIGRATIONS) as database:
        began: asyncio.Queue[None] = asyncio.Queue()

        async def work() -> None:
            began.put_nowait(None)
            await asyncio.Event().wait()

        leading = asyncio.ensure_future(database.leadership.lead("job", work))
        await asyncio.wait_for(began.get(), 5)
        await database.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name LIKE '%-leadership' AND datname = current_database()"
        )
        await asyncio.wait_for(began.get(), 5)
        leading.cancel()
        await asyncio.gather(leading, return_exceptions=True)


async def test_opening_where_nobody_listens_is_unavailable():
    with pytest.raises(Unavailable):
        async with open_database("postgresql://a:b@127.0.0.1:1/x", application="t", connections=2):
            pass
    with pytest.raises(Unavailable):
        async with open_bus("nats://127.0.0.1:1", name="t"):
            pass

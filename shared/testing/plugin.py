"""Fixtures for every test: engines once per run, everything else new for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest
import pytest_asyncio

from shared.bus import Bus, InMemoryBus, open_bus
from shared.engines import NatsEngine, PostgresEngine
from shared.engines.outside import FOLDER_SETTING, PASSABLE
from shared.postgres import Database
from shared.testing.clock import FakeClock
from shared.testing.nats import remove_streams
from shared.testing.postgres import TestServer, spare_safety

FreshDatabase = Callable[[str, Path], Awaitable[Database]]
"""`await fresh_database("rules", folder_of_migrations)`: opened, migrated, dropped at the end."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Test in two processes, each with engines of its own; in one, on engines that are given."""
    return 0 if {"TOUCHPOINT_POSTGRES_URL", "TOUCHPOINT_NATS_URL"} & set(os.environ) else 2


@pytest.fixture(scope="session", autouse=True)
def unprivileged_folder() -> Iterator[None]:
    """Let what root may only keep outside of its homes go with the run."""
    if os.geteuid() != 0 or FOLDER_SETTING in os.environ:
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="touchpoint-tests-", dir="/var/tmp"))
    folder.chmod(PASSABLE)
    os.environ[FOLDER_SETTING] = str(folder)
    yield
    del os.environ[FOLDER_SETTING]
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def postgres(
    tmp_path_factory: pytest.TempPathFactory, unprivileged_folder: None
) -> AsyncIterator[TestServer]:
    """Lend the run's PostgreSQL: the one named in the environment, else an embedded one."""
    given = os.environ.get("TOUCHPOINT_POSTGRES_URL")
    if given:
        async with aclosing(TestServer(given)) as server:
            yield server
        return
    engine = PostgresEngine(tmp_path_factory.mktemp("postgres"))
    async with engine.running() as url:
        await spare_safety(url)
        server = TestServer(url)
        yield server
        server.hang_up()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nats_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Lend the address of the run's NATS server."""
    given = os.environ.get("TOUCHPOINT_NATS_URL")
    if given:
        yield given
        return
    async with NatsEngine(tmp_path_factory.mktemp("nats")).running() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def nats_bus(nats_url: str) -> AsyncIterator[Bus]:
    """Lend a real bus with empty streams."""
    await remove_streams(nats_url)
    async with open_bus(nats_url, name="test") as bus:
        yield bus


@pytest_asyncio.fixture(loop_scope="session")
async def fresh_database(postgres: TestServer) -> AsyncIterator[FreshDatabase]:
    """Lend databases of this test's own."""
    async with AsyncExitStack() as stack:

        async def open_fresh(service: str, migrations: Path) -> Database:
            return await stack.enter_async_context(postgres.database(service, migrations))

        yield open_fresh


@pytest.fixture
def in_memory_bus() -> InMemoryBus:
    return InMemoryBus()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()

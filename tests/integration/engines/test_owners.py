"""Both engines together, under owners that are killed, and addresses given from outside."""

import os
from pathlib import Path

import asyncpg
import pytest

from shared.engines import AlreadyRunningError, EngineUrls, NatsEngine, engines
from shared.engines.outside import FOLDER_SETTING
from tests.integration.engines.conftest import in_a_namespace, needs_namespaces
from tests.integration.engines.processes import assert_gone, engine, of_home, owner


def test_nothing_is_left_when_the_owner_is_killed(home: Path) -> None:
    with owner(home) as (process, _):
        running = of_home(home)
        assert {"postgres", "nats-server"} <= {each.name() for each in running}
        process.kill()
        assert_gone(running)


def test_nothing_is_left_when_the_keepers_are_killed_too(home: Path) -> None:
    with owner(home) as (process, _):
        running = of_home(home)
        keepers = [engine(home, name).parent() for name in ("postgres", "nats-server")]
        for each in (process, *keepers):
            each.kill()
        assert_gone(running)


def test_nothing_is_left_when_the_owner_ends_by_itself(home: Path) -> None:
    with owner(home) as (process, _):
        running = of_home(home)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert_gone(running)


async def test_given_addresses_are_used_as_they_are_and_nothing_is_started(home: Path) -> None:
    given = EngineUrls(postgres="postgresql://db.example/shop", nats="nats://bus.example:4222")
    environ = {
        "TOUCHPOINT_POSTGRES_URL": given.postgres,
        "TOUCHPOINT_NATS_URL": given.nats,
    }
    async with engines(home, environ) as urls:
        assert urls == given
        assert of_home(home) == []
    assert not home.exists()


async def test_only_the_engine_whose_address_is_missing_is_started(home: Path) -> None:
    async with engines(home, {"TOUCHPOINT_POSTGRES_URL": "postgresql://db.example/shop"}) as urls:
        assert urls.postgres == "postgresql://db.example/shop"
        assert {each.name() for each in of_home(home)} >= {"nats-server"}
        assert "postgres" not in {each.name() for each in of_home(home)}


async def test_when_one_engine_cannot_start_the_other_is_ended(home: Path) -> None:
    async with NatsEngine(home).running():
        before = {each.pid for each in of_home(home)}
        only_where = {key: os.environ[key] for key in (FOLDER_SETTING,) if key in os.environ}
        with pytest.raises(AlreadyRunningError, match=r"NATS of .* is already running"):
            async with engines(home, only_where):
                pass
        assert {each.pid for each in of_home(home)} == before


def test_credentials_are_not_shown_when_addresses_are_printed() -> None:
    assert "secret" not in repr(EngineUrls("postgresql://a:secret@h/d", "nats://a:secret@h"))


@needs_namespaces
async def test_a_normal_user_runs_both_as_themselves(home: Path) -> None:
    home.mkdir()
    with owner(home, before=in_a_namespace(65534)) as (process, urls):
        connection = await asyncpg.connect(urls["postgres"], timeout=5)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close(timeout=5)
        running = of_home(home)
        process.kill()
        assert_gone(running)

"""The embedded PostgreSQL, started for real."""

import os
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.engines import AlreadyRunningError, EngineError, PostgresEngine
from shared.engines.account import choose_account
from shared.engines.binaries import find_postgres
from shared.processes import launch
from shared.processes.launch import PYTHON
from shared.processes.ports import LOOPBACK
from tests.integration.engines.processes import assert_gone, data_of, engine, of_home, owner


async def _run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close(timeout=5)


async def _remember(url: str) -> None:
    await _run(url, "CREATE TABLE kept AS SELECT 42 AS n")


async def _remembered(url: str) -> object:
    return await _run(url, "SELECT n FROM kept")


async def test_what_was_written_is_there_at_the_same_address_after_a_second_start(
    home: Path,
) -> None:
    engine = PostgresEngine(home)
    async with engine.running() as first:
        await _remember(first)
    async with engine.running() as second:
        assert second == first
        assert await _remembered(second) == 42


async def test_it_is_set_up_as_agreed(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        assert await _run(url, "SHOW fsync") == "on"
        assert await _run(url, "SHOW synchronous_commit") == "on"
        assert await _run(url, "SHOW shared_buffers") == "128MB"
        assert await _run(url, "SHOW jit") == "off"
        assert await _run(url, "SHOW idle_in_transaction_session_timeout") == "1min"
        assert await _run(url, "SHOW server_encoding") == "UTF8"
        assert await _run(url, "SELECT lower('ÄÖ') || ('a' < 'B')::text") == "äöfalse"
        assert await _run(url, "SHOW unix_socket_directories") == ""


async def test_nobody_comes_in_without_the_password(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        port = urlsplit(url).port
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                f"postgresql://touchpoint:guess@{LOOPBACK}:{port}/touchpoint", timeout=5
            )


async def test_a_second_start_on_the_same_home_is_refused_and_harms_nothing(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        with pytest.raises(AlreadyRunningError, match=r"is already running .*TOUCHPOINT_HOME"):
            await PostgresEngine(home).start()
        assert await _run(url, "SELECT 1") == 1


async def test_no_process_is_left_after_a_stop(home: Path) -> None:
    async with PostgresEngine(home).running():
        running = of_home(home)
    assert_gone(running)


async def test_a_server_killed_by_others_comes_back_at_the_same_address(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        await _remember(url)
        server = engine(home, "postgres")
        server.kill()
        assert_gone([server])
        assert await _patiently(url) == 42


async def _patiently(url: str) -> object:
    """Ask until the server answers; the test's own timeout is the limit."""
    while True:
        try:
            return await _remembered(url)
        except (OSError, TimeoutError, asyncpg.PostgresError):
            continue


async def test_the_pid_file_of_a_dead_server_does_not_stop_a_start(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        await _remember(url)
        kept = (data_of(home) / "postmaster.pid").read_text()
    (data_of(home) / "postmaster.pid").write_text(kept)
    async with PostgresEngine(home).running() as url:
        assert await _remembered(url) == 42


async def test_the_pid_file_naming_a_stranger_does_not_stop_a_start_or_harm_the_stranger(
    home: Path,
) -> None:
    async with PostgresEngine(home).running() as url:
        await _remember(url)
        kept = (data_of(home) / "postmaster.pid").read_text()
    _, *rest = kept.splitlines(keepends=True)
    with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as stranger:
        (data_of(home) / "postmaster.pid").write_text("".join((f"{stranger.pid}\n", *rest)))
        async with PostgresEngine(home).running() as url:
            assert await _remembered(url) == 42
        assert stranger.poll() is None


async def test_a_server_without_an_owner_is_ended_and_replaced(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        await _remember(url)
    install = find_postgres()
    account = await choose_account(home, install.postgres, os.environ)
    become = launch.order(os.getpid(), 9, account.order() if account else None)
    serve = (str(install.postgres), "-D", str(data_of(home)))
    with subprocess.Popen(
        [*PYTHON, launch.__file__, become, *serve],
        stderr=subprocess.PIPE,
        text=True,
    ) as left:
        assert left.stderr is not None
        while "ready to accept connections" not in left.stderr.readline():
            assert left.poll() is None
        async with PostgresEngine(home).running() as url:
            assert left.wait(timeout=10) == 0
            assert await _remembered(url) == 42


async def test_a_start_right_after_the_owner_was_killed_waits_for_the_old_server(
    home: Path,
) -> None:
    with owner(home) as (process, urls):
        await _remember(urls["postgres"])
        process.kill()
        process.wait()
        async with PostgresEngine(home).running() as url:
            assert await _remembered(url) == 42


async def test_a_taken_port_is_left_to_whoever_has_it(home: Path) -> None:
    async with PostgresEngine(home).running() as url:
        await _remember(url)
        port = urlsplit(url).port
    with socket.create_server((LOOPBACK, port)):
        async with PostgresEngine(home).running() as moved:
            assert urlsplit(moved).port != port
            assert await _remembered(moved) == 42


async def test_a_lost_password_is_told_with_the_two_places_that_must_agree(home: Path) -> None:
    async with PostgresEngine(home).running():
        pass
    (home / "secrets" / "postgres").unlink()
    with pytest.raises(EngineError, match=r"secrets/postgres does not open the\s+database in"):
        await PostgresEngine(home).start()
    assert of_home(home) == []


async def test_a_server_that_cannot_start_is_reported_with_what_it_said(home: Path) -> None:
    async with PostgresEngine(home).running():
        pass
    (data_of(home) / "global" / "pg_control").unlink()
    with pytest.raises(EngineError, match=r"ended with status \d+ while starting.*(?s:.)*control"):
        await PostgresEngine(home).start()
    assert of_home(home) == []

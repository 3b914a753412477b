"""PostgreSQL started by root, which it refuses to run as."""

import contextlib
import os
import shutil
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.engines import EngineError, PostgresEngine
from tests.integration.engines.conftest import needs_namespaces, needs_root
from tests.integration.engines.processes import assert_gone, of_home, owner

pytestmark = needs_root


def _denied(outside: Path) -> dict[str, str]:
    return {
        "TOUCHPOINT_USER_NAMESPACES": "deny",
        "TOUCHPOINT_UNPRIVILEGED_FOLDER": str(outside),
    }


def _modes_above(path: Path) -> list[int]:
    return [stat.S_IMODE(folder.stat().st_mode) for folder in path.parents]


@contextlib.asynccontextmanager
async def _connected(engine: PostgresEngine) -> AsyncIterator[Any]:
    async with engine.running() as url:
        connection = await asyncpg.connect(url, timeout=5)
        try:
            yield connection
        finally:
            await connection.close(timeout=5)


@needs_namespaces
async def test_in_a_user_namespace_all_files_stay_roots_and_no_mode_is_changed(
    private_home: Path,
) -> None:
    before = _modes_above(private_home)
    async with _connected(PostgresEngine(private_home, {})) as connection:
        assert await connection.fetchval("SELECT 1") == 1
    assert {path.lstat().st_uid for path in private_home.rglob("*")} == {0}
    assert _modes_above(private_home) == before


async def test_without_user_namespaces_it_runs_unprivileged_outside_a_closed_home(
    private_home: Path, outside: Path
) -> None:
    before = _modes_above(private_home)
    async with _connected(PostgresEngine(private_home, _denied(outside))) as connection:
        assert await connection.fetchval("SELECT 1") == 1
        uids = {process.uids().real for process in of_home(outside) if process.name() == "postgres"}
        assert 0 not in uids
        assert len(uids) == 1
    assert _modes_above(private_home) == before
    assert not (private_home / "postgres").exists()
    [folder] = outside.iterdir()
    assert stat.S_IMODE((folder / "postgres").stat().st_mode) == 0o700


@needs_namespaces
async def test_data_follows_when_user_namespaces_become_denied_and_allowed_again(
    private_home: Path, outside: Path
) -> None:
    allowed = {**_denied(outside), "TOUCHPOINT_USER_NAMESPACES": "allow"}
    async with _connected(PostgresEngine(private_home, allowed)) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    async with _connected(PostgresEngine(private_home, _denied(outside))) as connection:
        assert await connection.fetchval("SELECT n FROM kept") == 42
    async with _connected(PostgresEngine(private_home, allowed)) as connection:
        assert await connection.fetchval("SELECT n FROM kept") == 42
    assert {path.lstat().st_uid for path in private_home.rglob("*")} == {0}


def test_the_unprivileged_server_ends_with_its_killed_owner(
    private_home: Path, outside: Path
) -> None:
    with owner(private_home, _denied(outside)) as (process, _):
        running = of_home(private_home, outside)
        process.kill()
        assert_gone(running)


async def test_what_a_deleted_home_left_outside_is_not_taken_for_the_new_ones(
    private_home: Path, outside: Path
) -> None:
    async with _connected(PostgresEngine(private_home, _denied(outside))) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    shutil.rmtree(private_home)
    async with _connected(PostgresEngine(private_home, _denied(outside))) as connection:
        assert await connection.fetchval("SELECT to_regclass('kept')") is None


async def test_a_lost_password_does_not_cost_the_data_outside(
    private_home: Path, outside: Path
) -> None:
    async with _connected(PostgresEngine(private_home, _denied(outside))) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    secret = private_home / "secrets" / "postgres"
    kept = secret.read_text()
    secret.unlink()
    with pytest.raises(EngineError, match=r"secrets/postgres does not open the\s+database in"):
        await PostgresEngine(private_home, _denied(outside)).start()
    secret.write_text(kept)
    async with _connected(PostgresEngine(private_home, _denied(outside))) as connection:
        assert await connection.fetchval("SELECT n FROM kept") == 42


async def test_erasing_leaves_nothing_outside(private_home: Path, outside: Path) -> None:
    engine = PostgresEngine(private_home, _denied(outside))
    async with engine.running():
        assert list(outside.iterdir()) != []
    engine.erase()
    assert list(outside.iterdir()) == []


async def test_a_folder_that_others_may_write_to_is_not_used(
    private_home: Path, outside: Path
) -> None:
    outside.chmod(0o777)
    with pytest.raises(EngineError, match=f"{outside}: is not a folder that only root may write"):
        await PostgresEngine(private_home, _denied(outside)).start()


async def test_a_folder_that_the_unprivileged_user_cannot_reach_is_refused(
    private_home: Path, outside: Path
) -> None:
    closed = private_home.parent / "closed"
    with pytest.raises(EngineError, match="cannot be run there by uid") as refusal:
        await PostgresEngine(private_home, _denied(closed)).start()
    assert "TOUCHPOINT_UNPRIVILEGED_FOLDER" in str(refusal.value)
    assert os.listdir(outside) == []

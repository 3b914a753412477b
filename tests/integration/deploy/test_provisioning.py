"""The one step before the services makes just the roles that they come with."""

from __future__ import annotations

import asyncio
import os
import sys

import asyncpg
import pytest

from shared.config import ConfigError
from shared.postgres.deployment import Deployment
from shared.postgres.provision import SERVICES, provision, role_of
from shared.testing.postgres import password_of

KEY = "TOUCHPOINT_{}_POSTGRES_URL"


@pytest.fixture
async def database(postgres):
    """An empty database; lends its address for the administrator."""
    name = "deployment"
    admin = await asyncpg.connect(postgres.admin_url)
    await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    await admin.execute(f"CREATE DATABASE {name}")
    yield postgres.admin_url.rpartition("/")[0] + f"/{name}"
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    # Roles are the server's: others come in with the passwords that they had.
    await provision(postgres.admin_url, password_of, development=True)
    await admin.close()


def told(admin_url: str, **passwords: str) -> dict[str, str]:
    """Return the environment of a deployment on that database."""
    host = admin_url.rpartition("@")[2]
    return {
        "TOUCHPOINT_POSTGRES_URL": admin_url,
        **{
            KEY.format(service.upper()): (
                f"postgresql://{role_of(service)}:{passwords.get(service, f'of{service}')}@{host}"
            )
            for service in SERVICES
        },
    }


async def provisioned(environ: dict[str, str]) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shared.postgres"),
        env=os.environ | environ,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    return process.returncode, said.decode()


async def test_every_service_comes_in_with_its_own_url_and_reaches_its_own_schema(database):
    environ = told(database, rules="p%40ss%2Fword")
    assert await provisioned(environ) == (0, "")
    for service in SERVICES:
        connection = await asyncpg.connect(environ[KEY.format(service.upper())])
        assert await connection.fetchval("SELECT current_schema()") == service
        await connection.execute("CREATE TABLE kept (value int)")
        await connection.close()


async def test_done_again_nothing_is_lost_and_a_new_password_counts(database):
    await provisioned(told(database))
    connection = await asyncpg.connect(told(database)[KEY.format("RULES")])
    await connection.execute("CREATE TABLE kept (value int)")
    await connection.close()
    environ = told(database, rules="renewed")
    assert await provisioned(environ) == (0, "")
    connection = await asyncpg.connect(environ[KEY.format("RULES")])
    assert await connection.fetchval("SELECT count(*) FROM kept") == 0
    await connection.close()


@pytest.mark.parametrize(
    ("mode", "may"), [("production", False), ("development", True)], ids=lambda value: str(value)
)
async def test_time_can_be_moved_in_development_only(database, mode, may):
    environ = told(database) | {"TOUCHPOINT_MODE": mode}
    await provisioned(environ)
    connection = await asyncpg.connect(environ[KEY.format("SCENARIO")])
    asked = "SELECT has_function_privilege('clock.move(bigint)', 'EXECUTE')"
    assert await connection.fetchval(asked) is may
    await connection.close()


async def test_what_cannot_be_reached_is_said_without_a_password(database):
    environ = told(database) | {"TOUCHPOINT_POSTGRES_URL": "postgresql://a:secret@127.0.0.1:1/x"}
    status, said = await provisioned(environ)
    assert status == 1
    assert said.startswith("nothing was provisioned:")
    assert "secret" not in said


def test_every_mistake_is_told_at_once_and_no_password():
    environ = told("postgresql://admin:secret@host/x") | {
        "TOUCHPOINT_POSTGRES_URL": "",
        KEY.format("RULES"): "postgresql://somebody:secret@host/x",
        KEY.format("RANKER"): f"postgresql://{role_of('ranker')}@host/x",
        KEY.format("PROFILE"): "",
        "TOUCHPOINT_MODE": "staging",
    }
    with pytest.raises(ConfigError) as refused:
        Deployment.told(environ)
    assert str(refused.value).splitlines() == [
        "TOUCHPOINT_POSTGRES_URL is not set (of somebody who may make roles)",
        "TOUCHPOINT_PROFILE_POSTGRES_URL is not set",
        "TOUCHPOINT_RULES_POSTGRES_URL must be of the role touchpoint_rules",
        "TOUCHPOINT_RANKER_POSTGRES_URL has no password",
        "TOUCHPOINT_MODE is 'staging': must be development or production",
    ]

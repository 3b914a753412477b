"""What tests are lent: a database that another test used, and that shows nothing of it."""

from __future__ import annotations

import asyncpg
import pytest

from shared.testing.postgres import TestServer
from tests.integration.data.test_postgres import MIGRATIONS

KEPT = """
SELECT (SELECT count(*) FROM thing), (SELECT count(*) FROM schema_version),
       (SELECT offset_us FROM clock.business_offset), (SELECT is_called FROM outbox_id_seq)
"""


async def test_it_holds_what_a_new_one_holds_and_nobody_is_left_in_it(postgres: TestServer) -> None:
    async with postgres.clone("rules", MIGRATIONS) as url:
        left_open = await asyncpg.connect(url)
        before = await left_open.fetchrow(KEPT)
        await left_open.execute("INSERT INTO thing (name) VALUES ('left behind')")
        await left_open.execute("DELETE FROM schema_version")
        await left_open.execute("SELECT clock.move(5)")
        await left_open.execute("SELECT nextval('outbox_id_seq')")
        await left_open.execute("BEGIN; LOCK TABLE thing")
    async with postgres.clone("rules", MIGRATIONS) as again:
        assert again == url
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await left_open.execute("COMMIT")
        connection = await asyncpg.connect(again)
        assert await connection.fetchrow(KEPT) == before
        await connection.close()


@pytest.mark.parametrize(
    "change",
    [
        "CREATE TABLE more (name text)",
        "ALTER TABLE thing ADD COLUMN more text",
        "ALTER TABLE thing ALTER COLUMN name DROP NOT NULL",
        "DROP TABLE thing",
        "CREATE INDEX thing_by_name ON thing (name)",
        "GRANT SELECT ON thing TO PUBLIC",
    ],
)
async def test_one_with_a_changed_schema_is_not_lent_again(
    postgres: TestServer, change: str
) -> None:
    async with postgres.clone("rules", MIGRATIONS) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(change)
        await connection.close()
    async with postgres.clone("rules", MIGRATIONS) as another:
        assert another != url


SET_ON_IT = """
SELECT current_setting('search_path'),
       (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
       (SELECT count(*) FROM thing)
"""


async def test_a_connection_is_kept_without_what_a_test_set_on_it(postgres: TestServer) -> None:
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        process = await database.fetchval("SELECT pg_backend_pid()")
        before = await database.fetchrow(SET_ON_IT)
        await database.execute("INSERT INTO thing (name) VALUES ('left behind')")
        await database.execute("SELECT pg_advisory_lock(5)")
        await database.execute("SELECT set_config('search_path', 'rules, public', false)")
        assert await database.fetchrow(SET_ON_IT) != before
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        assert await database.fetchval("SELECT pg_backend_pid()") == process
        assert await database.fetchrow(SET_ON_IT) == before

import asyncio
from pathlib import Path

import asyncpg
import pytest

from shared.errors import Overloaded, Unavailable
from shared.postgres import (
    Database,
    Limits,
    MigrationError,
    Queries,
    Transaction,
    migrate,
    open_database,
)
from shared.postgres.provision import provision
from shared.testing.plugin import FreshDatabase
from shared.testing.postgres import TestServer, password_of
from shared.testing.statements import refuted_statements

MIGRATIONS = Path(__file__).with_name("migrations")
KIT = Path("shared")


async def count_things(database) -> int:
    return await database.fetchval("SELECT count(*) FROM thing")


async def test_a_transaction_that_ends_well_is_kept(fresh_database: FreshDatabase):
    database = await fresh_database("rules", MIGRATIONS)
    async with database.transaction() as transaction:
        await transaction.execute("INSERT INTO thing (name) VALUES ($1)", "kept")
    assert await count_things(database) == 1


async def test_a_transaction_that_raises_leaves_nothing(fresh_database: FreshDatabase):
    database = await fresh_database("rules", MIGRATIONS)

    async def fail_halfway() -> None:
        async with database.transaction() as transaction:
            await transaction.execute("INSERT INTO thing (name) VALUES ($1)", "lost")
            raise LookupError

    with pytest.raises(LookupError):
        await fail_halfway()
    assert await count_things(database) == 0


async def test_what_is_rehearsed_is_done_on_every_connection_and_taken_back(
    fresh_database: FreshDatabase,
):
    database = await fresh_database("rules", MIGRATIONS)
    servers: set[int] = set()

    async def work(transaction: Transaction) -> None:
        await transaction.execute("INSERT INTO thing (name) VALUES ('tried')")
        servers.add(await transaction.fetchval("SELECT pg_backend_pid()"))

    await database.rehearse(work)
    assert len(servers) == 4
    assert await count_things(database) == 0


async def test_a_connection_made_anew_is_rehearsed_before_it_is_lent(postgres: TestServer):
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        rehearsed: list[int] = []

        async def work(transaction: Transaction) -> None:
            rehearsed.append(await transaction.fetchval("SELECT pg_backend_pid()"))

        await database.rehearse(work)
        with pytest.raises(Unavailable):
            await database.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        successor = await database.fetchval("SELECT pg_backend_pid()")
        assert rehearsed[0] != successor
        assert rehearsed[1:] == [successor]


async def test_a_rehearsal_that_fails_leaves_its_connections_usable(fresh_database: FreshDatabase):
    database = await fresh_database("rules", MIGRATIONS)

    async def fail(transaction: Transaction) -> None:
        await transaction.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await database.rehearse(fail)
    assert await asyncio.gather(*(count_things(database) for _ in range(4))) == [0] * 4


async def test_each_test_has_a_database_of_its_own(fresh_database: FreshDatabase):
    first = await fresh_database("rules", MIGRATIONS)
    second = await fresh_database("rules", MIGRATIONS)
    await first.execute("INSERT INTO thing (name) VALUES ('here')")
    assert await count_things(second) == 0


async def test_waiting_for_a_connection_ends_with_overloaded(postgres: TestServer):
    limits = Limits(acquire_s=0.05)
    async with postgres.database("rules", MIGRATIONS, connections=1, limits=limits) as database:
        async with database.connection():
            with pytest.raises(Overloaded):
                await database.fetchval("SELECT 1")
        assert await database.fetchval("SELECT 1") == 1


async def test_a_waiter_that_gives_up_leaks_no_connection(postgres: TestServer):
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        async with database.connection():
            waiting = [asyncio.ensure_future(database.fetchval("SELECT 1")) for _ in range(20)]
            await asyncio.sleep(0)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        assert await database.fetchval("SELECT 2") == 2


async def test_a_slow_statement_ends_as_unavailable_without_the_drivers_text(
    postgres: TestServer,
):
    limits = Limits(statement_s=0.05)
    async with postgres.database("rules", MIGRATIONS, limits=limits) as database:
        with pytest.raises(Unavailable) as refused:
            await database.fetchval("SELECT pg_sleep(5)")
        assert refused.value.reason == "DATABASE_SLOW"
        assert "statement" not in refused.value.message
        assert await database.fetchval("SELECT 1") == 1


async def test_an_idle_transaction_is_ended_by_the_server(postgres: TestServer):
    limits = Limits(idle_in_transaction_s=0.05)
    async with postgres.database("rules", MIGRATIONS, limits=limits) as database:

        async def dawdle() -> None:
            async with database.transaction() as transaction:
                await transaction.execute("INSERT INTO thing (name) VALUES ('late')")
                # Another connection waits inside the server for longer than the limit.
                await database.fetchval("SELECT pg_sleep(0.3)")
                await transaction.execute("INSERT INTO thing (name) VALUES ('later')")

        with pytest.raises(Unavailable):
            await dawdle()
        assert await count_things(database) == 0


async def test_a_broken_connection_is_replaced(postgres: TestServer):
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        with pytest.raises(Unavailable):
            await database.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")
        assert await database.fetchval("SELECT 1") == 1


async def test_no_role_can_read_the_schema_of_another(postgres: TestServer):
    async with postgres.clone("rules", MIGRATIONS) as url:
        name = url.rpartition("/")[2]
        urls = await provision(
            postgres.url_of(name), password_of, development=True, services=("profile",)
        )
        async with open_database(urls["profile"], application="t", connections=1) as database:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await database.fetchval("SELECT count(*) FROM rules.thing")


async def test_replicas_that_start_together_migrate_once(postgres: TestServer):
    async with postgres.clone("rules", MIGRATIONS) as url:
        name = url.rpartition("/")[2]
        urls = await provision(
            postgres.url_of(name), password_of, development=True, services=("ranker",)
        )
        async with (
            open_database(urls["ranker"], application="a", connections=1) as first,
            open_database(urls["ranker"], application="b", connections=1) as second,
        ):
            await asyncio.gather(migrate(first, MIGRATIONS), migrate(second, MIGRATIONS))
            named = "SELECT name FROM schema_version WHERE origin = 'service'"
            assert [row["name"] for row in await first.fetch(named)] == ["0001_things"]
            await second.execute("INSERT INTO thing (name) VALUES ('there')")


async def test_a_version_back_is_served_and_two_are_refused(postgres: TestServer, tmp_path: Path):
    newer = tmp_path / "newer"
    newer.mkdir()
    for number in range(1, 4):
        text = MIGRATIONS.joinpath("0001_things.sql").read_text() if number == 1 else "SELECT 1"
        newer.joinpath(f"{number:04d}_{'things' if number == 1 else 'more'}.sql").write_text(text)
    async with postgres.database("rules", MIGRATIONS) as database:
        older = tmp_path / "older"
        older.mkdir()
        for path in sorted(newer.iterdir())[:2]:
            older.joinpath(path.name).write_text(path.read_text())
        await migrate(database, newer)
        await migrate(database, older)
        with pytest.raises(MigrationError, match="2 migrations ahead"):
            await migrate(database, MIGRATIONS)


async def test_a_migration_changed_after_the_fact_is_refused(postgres: TestServer, tmp_path: Path):
    tmp_path.joinpath("0001_things.sql").write_text("CREATE TABLE thing (name text);")
    async with postgres.database("rules", MIGRATIONS) as database:
        with pytest.raises(MigrationError, match="was changed"):
            await migrate(database, tmp_path)


async def test_a_migration_is_not_ended_for_being_idle_as_a_request_is(
    postgres: TestServer, tmp_path: Path
):
    """A process in which six services start may not come back to it for a while."""
    first = MIGRATIONS.joinpath("0001_things.sql").read_text()
    tmp_path.joinpath("0001_things.sql").write_text(first)
    tmp_path.joinpath("0002_idle.sql").write_text(
        "CREATE TABLE told AS SELECT current_setting('idle_in_transaction_session_timeout') AS idle"
    )
    usual = Limits(idle_in_transaction_s=0.2)
    async with postgres.database("rules", MIGRATIONS, limits=usual) as database:
        await migrate(database, tmp_path)
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT idle FROM told") == "1min"
            now = "SELECT current_setting('idle_in_transaction_session_timeout')"
            assert await connection.fetchval(now) == "200ms"


async def test_a_failing_migration_leaves_nothing_and_can_be_repeated(
    postgres: TestServer, tmp_path: Path
):
    first = MIGRATIONS.joinpath("0001_things.sql").read_text()
    tmp_path.joinpath("0001_things.sql").write_text(first)
    broken = tmp_path.joinpath("0002_more.sql")
    broken.write_text("CREATE TABLE more (name text); SELECT 1 / 0;")
    async with postgres.database("rules", MIGRATIONS) as database:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await migrate(database, tmp_path)
        broken.write_text("CREATE TABLE more (name text);")
        await migrate(database, tmp_path)
        assert await database.fetchval("SELECT count(*) FROM more") == 0


@pytest.mark.parametrize(
    "file",
    ["bus/outbox.sql", "bus/inbox.sql", "postgres/migrations.sql", "postgres/clock.sql"],
)
async def test_the_kits_statements_agree_with_its_schema(postgres: TestServer, file: str):
    async with postgres.clone("rules", MIGRATIONS) as url:
        queries = Queries.beside(str(KIT / file), Path(file).name)
        assert await refuted_statements(url, queries) == {}


async def session_of(database: Database) -> int:
    return int(await database.fetchval("SELECT pg_backend_pid()"))


async def test_a_connection_outlives_a_caller_that_gives_up(postgres: TestServer):
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        before = await session_of(database)
        asked = asyncio.ensure_future(database.fetchval("SELECT pg_sleep(0.02)"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert await session_of(database) == before


async def test_what_a_caller_that_gives_up_had_begun_is_undone(postgres: TestServer):
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        before = await session_of(database)
        wrote = asyncio.Event()

        async def write() -> None:
            async with database.transaction() as transaction:
                await transaction.execute("INSERT INTO thing (name) VALUES ('gone')")
                wrote.set()
                await transaction.fetchval("SELECT pg_sleep(0.02)")

        writing = asyncio.ensure_future(write())
        await wrote.wait()
        await asyncio.sleep(0)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        assert await count_things(database) == 0
        assert await session_of(database) == before


async def test_a_connection_whose_statement_will_not_end_is_replaced(postgres: TestServer):
    async with postgres.database("rules", MIGRATIONS, connections=1) as database:
        before = await session_of(database)
        asked = asyncio.ensure_future(database.fetchval("SELECT pg_sleep(1.5)"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert await session_of(database) != before


async def test_only_what_is_forgotten_is_looked_up_by_index_alone(fresh_database: FreshDatabase):
    database = await fresh_database("rules", MIGRATIONS)
    setting = "SELECT (current_setting('enable_seqscan') = 'off')::integer"
    assert await database.forget_slice(setting) == 1
    assert [await database.fetchval(setting) for _ in range(8)] == [0] * 8

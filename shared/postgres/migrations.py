"""Forward migrations: numbered SQL files, each in a transaction, one replica at a time."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.logging import get_logger
from shared.postgres.connection import Connection
from shared.postgres.database import Database
from shared.postgres.queries import Queries

_KIT = Path(__file__).parent / "schema"
_QUERIES = Queries.beside(__file__, "migrations.sql")
_FILE = re.compile(r"(?P<number>\d{4})_[a-z0-9_]+\.sql")
_PATIENCE_S = 60.0
_BEGIN_PATIENTLY = (
    "BEGIN; SET LOCAL statement_timeout = 0; "
    f"SET LOCAL idle_in_transaction_session_timeout = '{_PATIENCE_S:.0f}s'"
)
_PAUSE_S = 0.05
log = get_logger(__name__)


class MigrationError(Exception):
    """The schema and this version of the service do not go together; the message says how."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: `NNNN_what.sql`."""

    origin: str
    """`kit` for what every schema has, else `service`."""
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


async def migrate(database: Database, folder: Path) -> None:
    """Bring the schema to what this version of the service knows.

    Safe to call from any number of replicas at once. A schema that is one migration ahead is
    accepted (the version before the newest must go on serving during a roll-out); raises
    `MigrationError` when it is further ahead, or when a file applied before was changed.
    """
    wanted = [*read_migrations(_KIT, "kit"), *read_migrations(folder, "service")]
    async with database.connection() as connection:
        await _lock(connection)
        try:
            await connection.execute(_QUERIES.create_schema_version)
            for migration in await _missing(connection, wanted):
                await _apply(connection, migration)
        finally:
            await connection.fetchval(_QUERIES.unlock_migrations)


def read_migrations(folder: Path, origin: str) -> list[Migration]:
    """Return the migrations of a folder in order; `MigrationError` for a hole or a bad name."""
    migrations = []
    for number, path in enumerate(sorted(folder.glob("*.sql")), start=1):
        match = _FILE.fullmatch(path.name)
        if match is None or int(match["number"]) != number:
            raise MigrationError(f"{path.name}: expected {number:04d}_what_it_does.sql")
        migrations.append(Migration(origin, number, path.stem, path.read_text(encoding="utf-8")))
    return migrations


async def _lock(connection: Connection) -> None:
    """Wait for the turn of this replica; asking again keeps every single statement short."""
    async with asyncio.timeout(_PATIENCE_S):
        # The turn is the server's to give, so there is no event to wait for.
        while not await connection.fetchval(_QUERIES.try_lock_migrations):  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE_S)


async def _missing(connection: Connection, wanted: Sequence[Migration]) -> list[Migration]:
    applied = {
        (row["origin"], row["number"]): row
        for row in await connection.fetch(_QUERIES.applied_migrations)
    }
    missing = []
    for migration in wanted:
        row = applied.pop((migration.origin, migration.number), None)
        if row is None:
            missing.append(migration)
        elif row["checksum"] != migration.checksum:
            raise MigrationError(f"{migration.name} was changed after it had been applied")
    _refuse_far_ahead([row["name"] for row in applied.values()])
    return missing


def _refuse_far_ahead(unknown: Sequence[str]) -> None:
    if len(unknown) > 1:
        names = ", ".join(sorted(unknown))
        raise MigrationError(f"the schema is {len(unknown)} migrations ahead: {names}")
    if unknown:
        log.warning("schema_ahead", migration=unknown[0])


async def _apply(connection: Connection, migration: Migration) -> None:
    # All at once: services that start in one process keep one another waiting for longer than
    # requests may, also between one statement and the next.
    await connection.execute(_BEGIN_PATIENTLY)
    try:
        await connection.execute(migration.sql, timeout_s=_PATIENCE_S)
        await connection.execute(
            _QUERIES.record_migration,
            migration.origin,
            migration.number,
            migration.name,
            migration.checksum,
        )
        await connection.execute("COMMIT")
    except BaseException:
        await connection.execute("ROLLBACK")
        raise
    log.info("migration_applied", origin=migration.origin, migration=migration.name)

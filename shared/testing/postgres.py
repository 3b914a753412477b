"""A PostgreSQL for a whole test run, and a database for each test that is as good as new."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.postgres import Database, Limits, migrate, open_database
from shared.postgres.provision import provision
from shared.testing.renewal import AsNew, describe, renew

_PATIENT = Limits(
    acquire_s=30, connect_s=30, command_s=30, statement_s=20, lock_s=10, idle_in_transaction_s=20
)
"""For tests of what is stored, not of how long it takes; those name limits of their own."""

Schema = tuple[str, Path]
"""A service, and the migrations that its schema is made by."""


@dataclass(frozen=True, slots=True)
class Lendable:
    """A database that tests have one after another."""

    name: str
    url: str
    """Of the service."""
    as_new: AsNew


class TestServer:
    """Lends databases: a template per schema is migrated once and copied, each copy used again."""

    __test__ = False

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._templates: dict[Schema, str] = {}
        self._returned: defaultdict[Schema, list[Lendable]] = defaultdict(list)
        self._numbers = itertools.count(1)
        self._run = hashlib.sha256(admin_url.encode()).hexdigest()[:6]

    @asynccontextmanager
    async def clone(self, service: str, migrations: Path) -> AsyncIterator[str]:
        """Lend the URL of `service` in a database that is as right after its migrations."""
        schema = (service, migrations)
        lent = await self._renewed(schema) or await self._copied(schema)
        try:
            yield lent.url
        finally:
            self._returned[schema].append(lent)

    @asynccontextmanager
    async def database(
        self, service: str, migrations: Path, *, connections: int = 4, limits: Limits = _PATIENT
    ) -> AsyncIterator[Database]:
        """Lend an opened, fresh database of one service."""
        async with (
            self.clone(service, migrations) as url,
            open_database(
                url, application=service, connections=connections, limits=limits
            ) as database,
        ):
            yield database

    async def aclose(self) -> None:
        """Drop what was made, for a server that goes on."""
        made = [each.name for returned in self._returned.values() for each in returned]
        for name in (*made, *self._templates.values()):
            await self._drop(name)

    async def _renewed(self, schema: Schema) -> Lendable | None:
        """Return one that another test had, as it was; one with a changed schema is dropped."""
        while self._returned[schema]:
            found = self._returned[schema].pop()
            async with self._connected(found.name) as admin:
                if await renew(admin, found.as_new):
                    return found
            await self._drop(found.name)
        return None

    async def _copied(self, schema: Schema) -> Lendable:
        template = await self._template(schema)
        name = f"test_{self._run}_{next(self._numbers)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = await self._provision(name, schema[0])
        async with self._connected(name) as admin:
            return Lendable(name, url, await describe(admin))

    async def _template(self, schema: Schema) -> str:
        if schema not in self._templates:
            service, migrations = schema
            name = f"template_{self._run}_{service}_{len(self._templates)}"
            await self._drop(name)
            await self._execute(f'CREATE DATABASE "{name}"')
            url = await self._provision(name, service)
            async with open_database(url, application=service, connections=1) as database:
                await migrate(database, migrations)
            self._templates[schema] = name
        return self._templates[schema]

    async def _provision(self, name: str, service: str) -> str:
        urls = await provision(
            self.url_of(name), password_of, development=True, services=(service,)
        )
        return urls[service]

    def url_of(self, name: str) -> str:
        """Return the admin's URL of a database."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{name}"))

    async def _drop(self, name: str) -> None:
        await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _execute(self, statement: str) -> None:
        async with self._connected() as admin:
            await admin.execute(statement)

    @asynccontextmanager
    async def _connected(self, name: str | None = None) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.url_of(name) if name else self.admin_url)
        try:
            yield connection
        finally:
            await connection.close()


async def spare_safety(admin_url: str) -> None:
    """Let a server that ends with the run save what keeps data from power cuts and passwords safe.

    A connection costs 3 ms less without the thousands of rounds over a password.
    """
    password = urlsplit(admin_url).password
    admin = await asyncpg.connect(admin_url)
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            await admin.execute(f"ALTER SYSTEM SET {setting} = off")
        await admin.execute("ALTER SYSTEM SET scram_iterations = 1")
        await admin.execute("SELECT pg_reload_conf()")
        await admin.execute("SET scram_iterations = 1")
        await admin.execute(f"ALTER ROLE CURRENT_USER PASSWORD '{password}'")
    finally:
        await admin.close()


def password_of(service: str) -> str:
    """Return the password of a role in tests; the same in every run, so that runs may overlap."""
    return f"test-password-of-{service}"

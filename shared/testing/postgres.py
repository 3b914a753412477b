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
from shared.testing.kept import KeptConnections
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
    kept: KeptConnections
    """Of the service."""
    admin: asyncpg.Connection
    as_new: AsNew

    @property
    def url(self) -> str:
        """Return where the service finds it."""
        return self.kept.url

    def hang_up(self) -> None:
        self.kept.end()
        self.admin.terminate()


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
        async with self._lent(service, migrations) as lent:
            lent.kept.end()
            yield lent.url

    @asynccontextmanager
    async def database(
        self, service: str, migrations: Path, *, connections: int = 4, limits: Limits = _PATIENT
    ) -> AsyncIterator[Database]:
        """Lend an opened, fresh database of one service."""
        async with self._lent(service, migrations) as lent:
            opened = (
                lent.kept.database(connections)
                if limits is _PATIENT
                else open_database(
                    lent.url, application=service, connections=connections, limits=limits
                )
            )
            async with opened as database:
                yield database

    def hang_up(self) -> None:
        """End the connections that are kept."""
        for returned in self._returned.values():
            for each in returned:
                each.hang_up()

    async def aclose(self) -> None:
        """Drop what was made, for a server that goes on."""
        self.hang_up()
        made = [each.name for returned in self._returned.values() for each in returned]
        for name in (*made, *self._templates.values()):
            await self._drop(name)

    @asynccontextmanager
    async def _lent(self, service: str, migrations: Path) -> AsyncIterator[Lendable]:
        schema = (service, migrations)
        lent = await self._renewed(schema) or await self._copied(schema)
        try:
            yield lent
        finally:
            self._returned[schema].append(lent)

    async def _renewed(self, schema: Schema) -> Lendable | None:
        """Return one that another test had, as it was; one with a changed schema is dropped."""
        while self._returned[schema]:
            found = self._returned[schema].pop()
            if not found.admin.is_closed() and await renew(
                found.admin, found.as_new, found.kept.processes
            ):
                return found
            found.hang_up()
            await self._drop(found.name)
        return None

    async def _copied(self, schema: Schema) -> Lendable:
        template = await self._template(schema)
        name = f"test_{self._run}_{next(self._numbers)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        url = await self._provision(name, schema[0])
        admin = await asyncpg.connect(self.url_of(name))
        kept = KeptConnections(url, schema[0], _PATIENT)
        return Lendable(name, kept, admin, await describe(admin))

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
        admin = await asyncpg.connect(self.admin_url)
        try:
            await admin.execute(statement)
        finally:
            await admin.close()


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

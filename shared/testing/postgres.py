"""A PostgreSQL for a whole test run, and a database of its own for each test."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from shared.postgres import Database, Limits, migrate, open_database
from shared.postgres.provision import provision

_PATIENT = Limits(
    acquire_s=30, connect_s=30, command_s=30, statement_s=20, lock_s=10, idle_in_transaction_s=20
)
"""For tests of what is stored, not of how long it takes; those name limits of their own."""


class TestServer:
    """Clones databases: a template per service and schema is migrated once and then copied."""

    __test__ = False

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._templates: dict[tuple[str, Path], str] = {}
        self._numbers = itertools.count(1)
        self._run = hashlib.sha256(admin_url.encode()).hexdigest()[:6]

    @asynccontextmanager
    async def clone(self, service: str, migrations: Path) -> AsyncIterator[str]:
        """Lend the URL of `service` in a fresh, migrated database, dropped afterwards."""
        template = await self._template(service, migrations)
        name = f"test_{self._run}_{next(self._numbers)}"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            urls = await self._provision(name, service)
            yield urls
        finally:
            await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

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

    async def _template(self, service: str, migrations: Path) -> str:
        key = (service, migrations)
        if key not in self._templates:
            name = f"template_{self._run}_{service}_{len(self._templates)}"
            await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await self._execute(f'CREATE DATABASE "{name}"')
            url = await self._provision(name, service)
            async with open_database(url, application=service, connections=1) as database:
                await migrate(database, migrations)
            self._templates[key] = name
        return self._templates[key]

    async def _provision(self, name: str, service: str) -> str:
        urls = await provision(
            self.url_of(name), password_of, development=True, services=(service,)
        )
        return urls[service]

    def url_of(self, name: str) -> str:
        """Return the admin's URL of a database."""
        return urlunsplit(urlsplit(self.admin_url)._replace(path=f"/{name}"))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.admin_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def password_of(service: str) -> str:
    """Return the password of a role in tests; the same in every run, so that runs may overlap."""
    return f"test-password-of-{service}"

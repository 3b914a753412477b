"""Where an engine keeps its data, secret, port, log and lock under `TOUCHPOINT_HOME`."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from shared.engines.errors import EngineError

LARGEST_LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class EngineHome:
    """The places of one engine in a home folder.

    `data/` lies in `home/<name>`, everything that only lives while it runs in `home/run`.
    """

    home: Path
    name: str

    @property
    def data(self) -> Path:
        return self.home / self.name

    @property
    def log(self) -> Path:
        return self.home / "logs" / f"{self.name}.log"

    @property
    def lock(self) -> Path:
        return self.home / "run" / f"{self.name}.lock"

    def prepare(self) -> None:
        """Make the folders, private to their owner; leaves the modes of existing ones alone."""
        try:
            for folder in (self.home, *(self.home / part for part in ("run", "logs", "secrets"))):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.log.exists() and self.log.stat().st_size > LARGEST_LOG_BYTES:
                self.log.replace(self.log.with_suffix(".log.1"))
        except OSError as error:
            raise EngineError(f"cannot use {self.home} as home: {error}") from error

    def password(self) -> str:
        """Return the engine's password, made at random on first use and kept 0600."""
        file = self.home / "secrets" / self.name
        if not file.exists():
            write_private(file, secrets.token_urlsafe(24))
        return file.read_text().strip()

    def last_port(self) -> int | None:
        try:
            return int(self._port_file.read_text())
        except (OSError, ValueError):
            return None

    def record_port(self, port: int) -> None:
        write_private(self._port_file, f"{port}\n")

    @property
    def _port_file(self) -> Path:
        return self.home / "run" / f"{self.name}.port"


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = file.with_name(f"{file.name}.draft")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(text)
    draft.replace(file)

"""The folder that holds everything of one suite: data, secrets, logs, and where it is reached."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where each replica of each service is reached, as host:port."""

    grpc: dict[str, list[str]]
    web: str
    """The HTTP of the edge's first replica."""
    pid: int
    """Of the process that supervises the suite."""
    pids: dict[str, int] = field(default_factory=dict)
    """Of its children at the start, by name."""
    colocated: bool = False
    data: str = "none"

    @property
    def edge(self) -> str:
        """The edge's first replica."""
        return self.grpc["aggregator"][0]

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Endpoints:
        """Raise TypeError or KeyError when something is missing or too much."""
        found = cls(**stored)
        assert found.edge
        return found


@dataclass(frozen=True, slots=True)
class Home:
    """One suite's folder; only its owner may look inside."""

    path: Path

    def prepare(self) -> None:
        """Make the folder; raises OSError."""
        for folder in (self.path, self.run, self.logs, self._secrets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def outbox(self) -> Path:
        """Where a suite in development puts the messages that it would send."""
        return self.path / "outbox"

    @property
    def data(self) -> Path:
        """Where files made for a first import are kept while it runs."""
        return self.path / "data"

    @property
    def _secrets(self) -> Path:
        return self.path / "secrets"

    @property
    def has_keys(self) -> bool:
        """Whether the suite is closed to callers without a key."""
        return (self.path / "keys.yaml").exists()

    def deployment_key(self) -> str:
        """Return the key all pseudonyms and personal values hang on, made at the first start."""
        return self._secret("deployment_key")

    def role_password(self, service: str) -> str:
        """Return the password of a service's PostgreSQL role, made at the first start."""
        return self._secret(f"postgres_{service}")

    def _secret(self, name: str) -> str:
        file = self._secrets / name
        if not file.exists():
            _write_private(file, secrets.token_hex(32))
        return file.read_text(encoding="ascii").strip()

    def write_endpoints(self, endpoints: Endpoints) -> None:
        """Tell other commands where the suite is reached."""
        _write_private(self._endpoints, json.dumps(asdict(endpoints)))

    def endpoints(self) -> Endpoints | None:
        """Return where the suite is reached; None when it does not run or was killed."""
        try:
            return Endpoints.from_json(json.loads(self._endpoints.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AssertionError, IndexError):
            return None

    def forget_endpoints(self) -> None:
        """Say that the suite is no longer reached."""
        self._endpoints.unlink(missing_ok=True)

    @property
    def _endpoints(self) -> Path:
        return self.run / "endpoints.json"

    @property
    def children(self) -> Path:
        """Where the supervisor writes down the pids of its children."""
        return self.run / "up.json"

    @property
    def lock(self) -> Path:
        """Held by the process that supervises the suite."""
        return self.run / "up.lock"

    def has(self, mark: str) -> bool:
        """Tell whether something was done once for all, such as an import."""
        return self._mark(mark).exists()

    def mark(self, mark: str) -> None:
        """Remember that something was done once for all."""
        self._mark(mark).touch(mode=0o600)

    def _mark(self, mark: str) -> Path:
        return self.run / f"{mark}.done"


def _write_private(file: Path, text: str) -> None:
    # Imported when needed: it brings the engines along, and most commands only read.
    from shared.engines.home import write_private

    write_private(file, text)

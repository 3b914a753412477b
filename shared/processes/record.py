"""Writes down which children run, so that the next start can end what a killed one left."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from shared.processes import leftovers
from shared.processes.identity import ProcessIdentity


class ChildRecord:
    """A file of the children's names and identities."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> dict[str, ProcessIdentity]:
        """Return what was written last; nothing if the file is missing or torn."""
        try:
            stored = json.loads(self._file.read_text())
        except (OSError, ValueError):
            return {}
        if not isinstance(stored, dict):
            return {}
        found = {str(name): ProcessIdentity.from_json(entry) for name, entry in stored.items()}
        return {name: identity for name, identity in found.items() if identity is not None}

    def write(self, children: Mapping[str, ProcessIdentity]) -> None:
        draft = self._file.with_name(f"{self._file.name}.draft")
        draft.write_text(json.dumps({name: who.as_json() for name, who in children.items()}))
        draft.replace(self._file)

    async def end_leftovers(self, ladder: Sequence[tuple[int, float]]) -> list[str]:
        """End recorded processes that still run and still are what they were; returns names."""
        ended = []
        for name, identity in self.read().items():
            if identity.is_alive():
                with contextlib.suppress(psutil.NoSuchProcess):
                    await leftovers.end(psutil.Process(identity.pid), ladder)
                ended.append(name)
        self.write({})
        return ended

"""What callers were told is done, on disk before it counts: the one truth of the checker."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Decided:
    """An answer whose decision was said to be committed."""

    decision_id: str
    customer: str
    contact: bool
    """It shows something that spends a contact where it was asked for."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """All that callers were told."""

    events: list[str]
    decisions: list[Decided]


class AcknowledgedFile:
    """One line for each acknowledgement, written through to the disk at once."""

    def __init__(self, file: Path) -> None:
        self._handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def events(self, event_ids: list[str]) -> None:
        self._write("events", event_ids)

    def decided(self, decided: Decided) -> None:
        self._write("decided", asdict(decided))

    def _write(self, kind: str, value: object) -> None:
        os.write(self._handle, json.dumps([kind, value]).encode() + b"\n")
        os.fsync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def read(file: Path) -> Acknowledged:
    found = Acknowledged([], [])
    for line in file.read_text().splitlines():
        kind, value = json.loads(line)
        if kind == "events":
            found.events.extend(value)
        else:
            found.decisions.append(Decided(**value))
    return found

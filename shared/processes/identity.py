"""Says whether a pid that was written down still means the process it meant then."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same pid."""

    pid: int
    start: str
    """When it started, in a form that no clock change moves."""
    command: tuple[str, ...]
    """Its command line, or the end of it."""

    @classmethod
    def of(cls, pid: int, command: Sequence[str] | None = None) -> Self | None:
        """Identify a running process; None if there is none with this pid.

        Give `command` for a process that is about to become that program by exec.
        """
        try:
            found = _start_of(pid)
            words = psutil.Process(pid).cmdline() if command is None else command
        except (psutil.Error, OSError):
            return None
        return cls(pid, found, tuple(words))

    def is_alive(self) -> bool:
        """Tell whether that very process still runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE or _start_of(self.pid) != self.start:
                return False
            # The first word may be a resolved path, and a launcher may stand in front.
            tail = self.command[1:]
            return tuple(process.cmdline()[-len(tail) :]) == tail if tail else True
        except (psutil.Error, OSError):
            return False

    def as_json(self) -> dict[str, Any]:
        return {"pid": self.pid, "start": self.start, "command": list(self.command)}

    @classmethod
    def from_json(cls, stored: object) -> Self | None:
        """Read what `as_json` wrote; None if it is anything else."""
        match stored:
            case {"pid": int(pid), "start": str(start), "command": list(command)}:
                return cls(pid, start, tuple(str(word) for word in command))
        return None


def _start_of(pid: int) -> str:
    if sys.platform != "linux":
        return f"{psutil.Process(pid).create_time():.2f}"
    # Ticks since boot and the boot's id: psutil's create_time moves with the wall clock.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{fields[19]}"

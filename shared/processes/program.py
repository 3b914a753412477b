"""Describes a child process: what to run, where it writes, when it is ready, what if it dies."""

from __future__ import annotations

import enum
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.processes import keeper, launch
from shared.processes.launch import PYTHON

KILL_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Program:
    """One child to supervise. `command` starts with an absolute path."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[object]] | None = None
    """Returns once the child serves; asked anew after each restart."""
    ready_timeout_s: float = 30.0
    restart: bool = False
    grace_s: float = 10.0
    """From SIGTERM to SIGKILL."""

    @property
    def ladder(self) -> Sequence[tuple[int, float]]:
        return ((signal.SIGTERM, self.grace_s), (signal.SIGKILL, KILL_WAIT_S))

    def tied_to_owner(self, system: str = sys.platform) -> Sequence[str]:
        """Return the command line that dies with this process, however this process dies.

        Linux's kernel does it; elsewhere a keeper watches its standard input.
        """
        if system == "linux":
            become = launch.order(os.getpid(), signal.SIGKILL)
            return (*PYTHON, launch.__file__, become, *self.command)
        return (*PYTHON, keeper.__file__, keeper.order(os.getpid(), self.command, self.ladder))


class State(enum.Enum):
    """Where a child is in its life."""

    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to a child."""

    name: str
    state: State
    pid: int
    status: int | None = None
    """Exit status once it died, negative for a signal."""


class ChildFailedError(Exception):
    """A child died or stayed silent while it was to become ready. Its log says why."""

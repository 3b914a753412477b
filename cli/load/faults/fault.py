"""What can be wrong with a service."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Protocol

import psutil

_KILL_EVERY_S = 0.01
"""Between two looks for what was started anew: none begins to serve so soon."""
_STOP_EVERY_S = 0.5
"""The like, of what is frozen: nobody starts it anew but by hand."""
STOPPED_S, RUNNING_S = 0.2, 0.05
"""By turns, of a slow service: a call waits 80 ms on average, and 200 ms at most."""


class Fault(StrEnum):
    """What is wrong."""

    NONE = "none"
    DEAD = "dead"
    """Killed, and again whenever it is started anew."""
    FROZEN = "frozen"
    """Stopped: connections stand, and nobody answers."""
    SLOW = "slow"
    """Stopped most of the time, for a fifth of a second."""


class Target(Protocol):
    """What a fault is caused in."""

    def processes(self) -> Sequence[psutil.Process]:
        """Return those that there are now, each before those that it has started."""


Causing = Generator[float, None, None]


def cause(fault: Fault, target: Target) -> Causing:
    """Keep a fault up; yields how many seconds to wait before going on. Closing it ends the fault.

    Raises psutil.AccessDenied where the processes are another user's.
    """
    return {Fault.DEAD: _dead, Fault.FROZEN: _frozen, Fault.SLOW: _slow}[fault](target)


def go_on(processes: Sequence[psutil.Process]) -> None:
    """Let processes run that may have been stopped."""
    for process in processes:
        with suppress(psutil.Error):
            process.resume()


def _dead(target: Target) -> Causing:
    while True:
        found = target.processes()
        with _stopped(found):  # nobody starts another one while these are killed
            for process in found:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        yield _KILL_EVERY_S


def _frozen(target: Target) -> Causing:
    with _stopped([]) as stopped:
        while True:
            for process in target.processes():
                if process not in stopped:
                    _stop(process, stopped)
            yield _STOP_EVERY_S


def _slow(target: Target) -> Causing:
    while True:
        with _stopped(target.processes()):
            yield STOPPED_S
        yield RUNNING_S


@contextmanager
def _stopped(processes: Sequence[psutil.Process]) -> Iterator[list[psutil.Process]]:
    """Stop processes for the length of the block; what is added to the list goes on as well."""
    stopped: list[psutil.Process] = []
    try:
        for process in processes:
            _stop(process, stopped)
        yield stopped
    finally:
        go_on(stopped)


def _stop(process: psutil.Process, stopped: list[psutil.Process]) -> None:
    stopped.append(process)  # before it stops: whatever comes between, it goes on again
    with suppress(psutil.NoSuchProcess):
        process.suspend()

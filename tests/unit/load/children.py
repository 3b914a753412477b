"""Processes that do nothing, to be made bad, and the home that they are of."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from cli.suite.home import Home
from shared.processes.identity import ProcessIdentity
from shared.processes.record import ChildRecord

_PATIENCE_S = 5.0
IDLE = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(120)")


@contextlib.contextmanager
def idle(count: int = 1) -> Iterator[list[psutil.Process]]:
    """Lend processes that wait; they are gone at the end of the block, stopped or not."""
    with contextlib.ExitStack() as stack:
        found = []
        for _ in range(count):
            process = subprocess.Popen(IDLE)
            stack.callback(process.wait)
            stack.callback(process.kill)
            found.append(psutil.Process(process.pid))
        yield found


def record(home: Home, **named: psutil.Process) -> None:
    """Write down processes as a supervisor does; `_` in a name stands for a dash."""
    home.prepare()
    identities = {}
    for name, process in named.items():
        identity = ProcessIdentity.of(process.pid, IDLE)
        assert identity is not None
        identities[name.replace("_", "-")] = identity
    ChildRecord(home.children).write(identities)


def stops(process: psutil.Process) -> bool:
    """Wait until a process stands still; the kernel takes a moment."""
    until = time.monotonic() + _PATIENCE_S
    while not is_stopped(process):
        if time.monotonic() > until:
            return False
    return True


def is_stopped(process: psutil.Process) -> bool:
    return process.status() == psutil.STATUS_STOPPED

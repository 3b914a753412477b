"""Keeps a service dead, frozen or slow while its owner holds the other end of standard input.

`python -m cli.load.faults.trouble HOME SERVICE FAULT`, a process of its own: however its owner
ends (`kill -9` included), the end of file there ends the fault, and whatever was stopped goes on.
An owner that is stopped itself (Ctrl-Z) ends it too. It writes a line once the fault is there.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import closing
from pathlib import Path
from typing import NoReturn

import psutil

from cli.load.faults.fault import Fault, cause
from cli.load.faults.targets import target

NOBODY, DENIED = 3, 4
"""Exit codes: there is no such process; it is another user's."""
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Cause the fault that the arguments name until standard input ends."""
    for number in _ENDING:
        signal.signal(number, _end)
    owner = psutil.Process(os.getppid())
    home, name, fault = sys.argv[1:]
    found = target(Path(home), name)
    if not found.processes():
        sys.exit(NOBODY)
    try:
        with closing(cause(Fault(fault), found)) as causing:
            pause_s = next(causing)
            print("caused", flush=True)
            while not _ended_within(pause_s, owner):
                pause_s = next(causing)
    except psutil.AccessDenied:
        sys.exit(DENIED)


def _ended_within(seconds: float, owner: psutil.Process) -> bool:
    """Wait so long, at most; True once the owner is gone, asks for the end, or stands still."""
    if select.select([sys.stdin], [], [], seconds)[0]:
        return True
    try:
        return bool(owner.status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return True


def _end(*_: object) -> NoReturn:
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)  # nothing may come between while processes go on
    sys.exit(0)


if __name__ == "__main__":
    main()

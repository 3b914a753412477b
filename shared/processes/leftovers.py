"""Finds and ends processes that an earlier owner left behind, after making sure what they are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

POLL_S = 0.02


async def end(process: psutil.Process, ladder: Sequence[tuple[int, float]]) -> bool:
    """End a process by a ladder of (signal, seconds to wait); False if it would not go."""
    loop = asyncio.get_running_loop()
    for number, patience in ladder:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)
        until = loop.time() + patience
        while loop.time() < until:
            if not is_running(process):
                return True
            await asyncio.sleep(POLL_S)
    return not is_running(process)


def is_running(process: psutil.Process) -> bool:
    """Tell whether this very process still runs; one that only waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def exists(pid: int) -> bool:
    """Tell whether any process has this pid."""
    return psutil.pid_exists(pid)


def find(program: str, belongs: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    """List the processes of that program name that `belongs` says are ours."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == program and belongs(process):
                found.append(process)
    return found


def works_in(folder: Path) -> Callable[[psutil.Process], bool]:
    """Match processes whose working directory is this folder, as every PostgreSQL process's is."""

    def belongs(process: psutil.Process) -> bool:
        return Path(process.cwd()).samefile(folder)

    return belongs


def mentions(word: str) -> Callable[[psutil.Process], bool]:
    """Match processes with this word on their command line."""

    def belongs(process: psutil.Process) -> bool:
        return word in process.cmdline()

    return belongs

"""Long computations in a process of their own, so that requests go on: bytes in, bytes out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from subprocess import PIPE
from typing import IO, BinaryIO, TypeAlias, TypeVar

from shared.errors import Internal
from shared.logging import get_logger

log = get_logger(__name__)

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""More of them wait for each other in small products: training took eight times as long."""
_LENGTH_BYTES = 8
_NICENESS = 10
"""Requests go first."""
_PARENT_GONE = 3

Child: TypeAlias = subprocess.Popen[bytes]
T = TypeVar("T")


async def run_aside(
    module: str,
    pack: Callable[[], bytes],
    hear: Callable[[IO[bytes]], T],
    *,
    what: str = "training",
) -> T:
    """Run a module as a child, hand it what `pack` makes, and return what `hear` reads from it.

    Both functions run in threads; `hear` raises EOFError where the child ends too early. Nothing is
    written to disk: all goes through pipes. Cancelling ends the child; a parent that dies closes
    the pipes, and the child ends itself. Raises Internal when the child fails, which says `what`
    it was that did; its log says why.
    """
    given = [await asyncio.to_thread(pack)]
    child = _started(module)
    talking = asyncio.ensure_future(asyncio.to_thread(_talk, child, given, hear))
    try:
        return await asyncio.shield(talking)
    except EOFError:
        exit_code = await asyncio.to_thread(child.wait)
        log.error(f"{what}_failed", exit_code=exit_code)
    finally:
        child.kill()  # does nothing to one that has ended
        await asyncio.gather(talking, return_exceptions=True)
        await asyncio.to_thread(child.wait)
    told = f"{what} ended without a result"
    if exit_code == -signal.SIGKILL:
        told += ": it was killed, as systems do that have no memory left; free some and try again"
    raise Internal(told, reason=f"{what.upper()}_FAILED")


def _started(module: str) -> Child:
    """Start the child as `subprocess` does, by vfork.

    The event loop's own way forks, and gRPC's handlers of a fork crashed one child in some.
    """
    command = [sys.executable, "-m", module]
    return subprocess.Popen(command, stdin=PIPE, stdout=PIPE, env=os.environ | _ONE_THREAD)


def _talk(child: Child, given: list[bytes], hear: Callable[[IO[bytes]], T]) -> T:
    """Hand over what was given, which is kept no longer than that, and hear the child out."""
    assert child.stdin is not None
    assert child.stdout is not None
    with child.stdin as write, child.stdout as read:
        # One that is gone tells so at its end of the other pipe as well.
        with contextlib.suppress(BrokenPipeError):
            write.write(len(given[0]).to_bytes(_LENGTH_BYTES, "big"))
            write.write(given.pop())
            write.flush()
        return hear(read)


def receive(read: BinaryIO) -> bytes:
    """Return what the child was handed; it works at low priority, and ends with its parent."""
    os.nice(_NICENESS)
    given = read.read(int.from_bytes(read.read(_LENGTH_BYTES), "big"))
    _end_with_parent(read)
    return given


def _end_with_parent(read: BinaryIO) -> None:
    """End this process when the one that wants its result is gone: its end of the pipe closes.

    It is read past its buffer, whose lock the thread would still hold when this process ends.
    """
    pipe = read.fileno()

    def wait() -> None:
        os.read(pipe, 1)
        os._exit(_PARENT_GONE)

    threading.Thread(target=wait, daemon=True).start()

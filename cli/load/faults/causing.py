"""Causes a fault for the length of a block, and leaves nothing stopped, however it ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cli.console import CommandError, Exit
from cli.load.faults import trouble
from cli.load.faults.fault import Fault, go_on
from cli.load.faults.targets import target

_ENDED_S = 5.0


@asynccontextmanager
async def caused(home: Path, name: str, fault: Fault) -> AsyncIterator[None]:
    """Make a service or an engine of a home bad within the block; raises CommandError.

    Another process does it, so that the end of this one ends the fault as well.
    """
    if fault is Fault.NONE:
        yield
        return
    process = subprocess.Popen(  # noqa: ASYNC220 uvloop would fork, of which gRPC complains
        (sys.executable, "-m", trouble.__name__, str(home), name, fault.value),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for its owner, whose end it notices
    )
    try:
        await _until_caused(process, name, fault)
        yield
        if process.poll() is not None:
            raise CommandError(f"{name} did not stay {fault.value}: what kept it so has ended")
    finally:
        _end(process)
        go_on(target(home, name).processes())


async def _until_caused(process: subprocess.Popen[bytes], name: str, fault: Fault) -> None:
    assert process.stdout is not None
    if await asyncio.to_thread(process.stdout.readline):
        return
    why = {
        trouble.NOBODY: f"no process of {name} runs on this machine",
        trouble.DENIED: f"the processes of {name} are another user's",
    }.get(process.wait(), "it could not be caused")
    raise CommandError(f"{name} cannot be {fault.value}: {why}", Exit.USAGE)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the fault; blocks for the few milliseconds that this takes."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(_ENDED_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()

"""A signal unwinds the work once; what the work raises by itself is raised."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORK = """
import asyncio, os, signal
from shared.stopping import until_asked_to_stop

async def work():
    try:
        os.kill(os.getpid(), signal.{name})
        await asyncio.Event().wait()
    finally:
        os.kill(os.getpid(), signal.{name})
        await asyncio.sleep(0)
        print("unwound", flush=True)

asyncio.run(until_asked_to_stop(work(), lambda: print("asked", flush=True)))
"""

CANCELLED = """
import asyncio
from shared.stopping import until_asked_to_stop

async def work():
    raise asyncio.CancelledError

asyncio.run(until_asked_to_stop(work()))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_unwinds_the_work_and_the_second_hurries_nothing(name: str) -> None:
    done = _run(WORK.format(name=name))

    assert (done.returncode, done.stdout.split()) == (0, ["asked", "unwound"]), done.stderr


def test_work_that_is_cancelled_by_itself_was_not_asked_to_stop() -> None:
    done = _run(CANCELLED)

    assert done.returncode == 1
    assert "CancelledError" in done.stderr


def _run(program: str) -> subprocess.CompletedProcess[str]:
    """Run it as a process of its own: the handlers of signals are the whole process's."""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

"""Samples the stacks of a running process by py-spy."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.errors import MeasurementError
from bench.samples import Stacks, read_stacks

_SAMPLES_PER_S = 250


def sampler() -> Path:
    """Return py-spy's program, which stands beside this Python; raises MeasurementError."""
    found = Path(sys.executable).with_name("py-spy")
    if not found.exists():
        raise MeasurementError(f"there is no {found}; install it with `make .venv/.dev`")
    return found


async def sampled(
    pid: int, seconds: float, work: Callable[[], Awaitable[object]], *, native: bool = False
) -> Stacks:
    """Sample a process while the work is done, `native` with its C functions.

    Raises MeasurementError when py-spy may not look at the process.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stacks"
        process = await asyncio.create_subprocess_exec(
            *(str(sampler()), "record", "--pid", str(pid), "--format", "raw"),
            *("--function", "--gil", *(["--native"] if native else [])),
            *("--duration", f"{seconds:.0f}", "--rate", str(_SAMPLES_PER_S)),
            *("--output", str(file)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        await work()
        _, said = await process.communicate()
        if process.returncode:
            raise MeasurementError(f"py-spy cannot sample process {pid}: {said.decode().strip()}")
        return read_stacks(file.read_text(encoding="utf-8"))

"""The whole suite as real processes, started by the command that users start it with."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_READY_S = 90.0
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class RunningSuite:
    """Where a started suite is reached."""

    home: Path
    grpc: Mapping[str, Sequence[str]]
    """Service to the addresses of its replicas."""
    web: str

    @property
    def edge(self) -> str:
        return self.grpc["aggregator"][0]


@asynccontextmanager
async def running_suite(
    home: Path,
    *flags: str,
    environment: Mapping[str, str] | None = None,
    ready_s: float = _READY_S,
) -> AsyncIterator[RunningSuite]:
    """Run `touchpoint up` in a home of its own; on leaving, it is asked to stop and waited for."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "up", "--json", "--home", str(home), *flags),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    try:
        await _until_ready(process, ready_s)
        yield _found(home)
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), _STOP_S)


async def _until_ready(process: asyncio.subprocess.Process, ready_s: float) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(ready_s):
        while line := await process.stdout.readline():
            if line.startswith(b"{"):
                return
    raise RuntimeError(f"the suite ended while starting, with status {await process.wait()}")


def _found(home: Path) -> RunningSuite:
    stored: dict[str, Any] = json.loads((home / "run" / "endpoints.json").read_text("utf-8"))
    return RunningSuite(home, stored["grpc"], stored["web"])

"""Children to supervise: each prints a line once it runs, then waits to be ended."""

import asyncio
import sys
from pathlib import Path

from shared.processes import Program

OBEDIENT = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); " + OBEDIENT
PARENT = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', sys.argv[1]]); " + STUBBORN
)
BROKEN = "raise SystemExit('no such table')"


def program(folder: Path, code: str, name: str = "rules", **more: object) -> Program:
    """Describe a child that is ready once it has printed its line."""
    log = folder / f"{name}.log"

    async def printed() -> None:
        while "up" not in lines(log):
            await asyncio.sleep(0.005)

    command = (sys.executable, "-c", code)
    defaults: dict[str, object] = {"environment": {}, "log": log, "ready": printed}
    return Program(name, command, **{**defaults, **more})  # type: ignore[arg-type]


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []

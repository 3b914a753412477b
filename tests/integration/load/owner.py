"""Freezes a service of a home from a process of its own, to be ended by a test."""

import asyncio
import signal
import sys
from pathlib import Path

from cli.load.faults.causing import caused
from cli.load.faults.fault import Fault


async def main(home: Path) -> None:
    async with caused(home, "rules", Fault.FROZEN):
        print("frozen", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    # Whoever is started in the background of a shell begins with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    asyncio.run(main(Path(sys.argv[1])))

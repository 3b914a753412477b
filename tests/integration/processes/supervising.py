"""Supervises children from a process of its own, to be killed by a test.

Prints the children's pids as JSON, then runs until its standard input ends.
"""

import asyncio
import json
import sys
from pathlib import Path

from shared.processes import Supervisor
from tests.integration.processes.children import OBEDIENT, STUBBORN, program


async def main(folder: Path) -> None:
    async with Supervisor(folder / "run") as supervisor:
        await supervisor.start(program(folder, OBEDIENT, "rules"))
        await supervisor.start(program(folder, STUBBORN, "ranker", grace_s=0.2))
        print(json.dumps([supervisor.pid("rules"), supervisor.pid("ranker")]), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

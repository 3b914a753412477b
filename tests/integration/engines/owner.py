"""Owns the engines of a home from a process of its own, to be killed by a test.

Prints the addresses as JSON, then runs until its standard input ends.
"""

import asyncio
import json
import sys
from pathlib import Path

from shared.engines import engines


async def main(home: Path) -> None:
    async with engines(home) as urls:
        print(json.dumps({"postgres": urls.postgres, "nats": urls.nats}), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

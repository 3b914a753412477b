"""A relay in a process of its own, to be killed."""

import asyncio
import sys

from shared.bus import Relay, open_bus
from shared.postgres import open_database


async def relay(database_url: str, nats_url: str) -> None:
    async with (
        open_database(database_url, application="relay", connections=2) as database,
        open_bus(nats_url, name="relay") as bus,
    ):
        print("ready", flush=True)
        await Relay(bus, database).run()


asyncio.run(relay(*sys.argv[1:]))

"""A process that works once on what is due and dies where it is told to: URL MARKS POINT NOW_US."""

import asyncio
import sys
from pathlib import Path

from services.scenario.crashing import CrashPoints
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from services.scenario.timers import Timers
from shared.clock import from_us
from shared.postgres import open_database
from shared.privacy import FolderWrappingKeys
from shared.testing.clock import FakeClock
from tests.unit.scenario.shop import Told

LEASE_S = 0.3


async def work(url: str, marks: str, point: str, now_us: str) -> None:
    folder = Path(marks)
    async with open_database(url, application="scenario", connections=2) as database:
        store = PostgresJourneys(database, Notes(FolderWrappingKeys(folder / "keys")))
        clock = FakeClock(from_us(int(now_us)))
        reach = CrashPoints(point, folder).reach
        await Timers(store, Told(), clock, owner="dying", lease_s=LEASE_S, reach=reach).work_once()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))

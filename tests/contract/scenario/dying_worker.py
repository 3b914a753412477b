"""A process that works once and dies where it is told to: URL MARKS POINT NOW_US [TASK AGENT].

It brings forward what is due, or, where it is given a task, ends that for its agent.
"""

import asyncio
import sys
from pathlib import Path

from services.scenario.crashing import CrashPoints
from services.scenario.desk.tasks import TaskDesk
from services.scenario.domain.completing import Completion
from services.scenario.journeys.timers import Timers
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.call import own_call
from shared.clock import from_us
from shared.postgres import open_database
from shared.privacy import FolderWrappingKeys
from shared.testing.clock import FakeClock
from tests.unit.scenario.shop import Approachable, Told

LEASE_S = 0.3


async def work(url: str, marks: str, point: str, now_us: str, *task: str) -> None:
    folder = Path(marks)
    async with open_database(url, application="scenario", connections=2) as database:
        store = PostgresJourneys(database, Notes(FolderWrappingKeys(folder / "keys")))
        clock = FakeClock(from_us(int(now_us)))
        reach = CrashPoints(point, folder).reach
        if task:
            agents = PostgresAgents(database)
            desk = TaskDesk(store, agents, clock, Approachable(), reach=reach)
            await desk.complete(own_call("/CompleteTask"), Completion(*task, outcome="accepted"))
        else:
            timers = Timers(store, Told(), clock, owner="dying", lease_s=LEASE_S, reach=reach)
            await timers.work_once()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))

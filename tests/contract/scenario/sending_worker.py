"""A process that sends once and dies where it is told to: URL FOLDER POINT NOW_US KIND.

KIND is `folder`, a carrier that knows keys and can be asked, or `dumb`, one that does neither.
"""

import asyncio
import sys
from pathlib import Path

from services.scenario.carriers import Carriage, OutboxCarrier
from services.scenario.crashing import CrashPoints
from services.scenario.domain.outbound import Fate, Result
from services.scenario.errands.doing import Errands
from services.scenario.messages.sending import Sender
from services.scenario.storage.errands import PostgresErrands
from shared.catalogue import Catalogue
from shared.clock import from_us
from shared.postgres import open_database
from shared.testing.clock import FakeClock
from tests.unit.scenario.outside import EMAIL, Log, Person, Writer


class DumbCarrier:
    """Sends whatever it is given, and remembers nothing; a file counts."""

    def __init__(self, folder):
        self._file = folder / "sent"

    async def carry(self, message, key):
        with self._file.open("a") as file:
            file.write(key + "\n")
        return Result(Fate.SENT)

    async def ask(self, key):
        return Result(Fate.UNKNOWN)


def errands_of(database, folder, point, clock, kind):
    """Make the worker of one process."""
    carriages = {
        "folder": Carriage(OutboxCarrier(folder, clock.now_us), True, True, 5.0),
        "dumb": Carriage(DumbCarrier(folder), longest_s=5.0),
    }
    store = PostgresErrands(database)
    reach = CrashPoints(point, folder / "crashed").reach
    sender = Sender(store, Writer(), {EMAIL: carriages[kind]}, Person(), clock, reach)
    return Errands(store, sender, Log(), Catalogue(), clock, owner="worker")


async def work(url, folder, point, now_us, kind):
    async with open_database(url, application="scenario", connections=2) as database:
        clock = FakeClock(from_us(int(now_us)))
        await errands_of(database, Path(folder), point, clock, kind).work_once()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))

"""A replica's workers in a process of their own: `python -m … .worker URL FOLDER LEASE_S`.

Timers and errands as the service runs them, against journeys that the test wrote. Messages go into
a folder, one file under each key; each attempt is a line of the process's own file. Where
`FOLDER/freeze` is there, the process stops itself once it has claimed timers, as by SIGSTOP.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

from bench.timers_scene import OneBundle, catalogue
from services.scenario.carriers import Carriage, OutboxCarrier
from services.scenario.domain.outbound import Message
from services.scenario.errands.doing import Errands
from services.scenario.journeys.finding import Finder
from services.scenario.journeys.timers import Timers
from services.scenario.messages.sending import Sender
from services.scenario.storage.errands import PostgresErrands
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import Notes
from shared.errors import Unavailable
from shared.logging import configure
from shared.postgres import open_database
from shared.privacy import FolderWrappingKeys
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Channel

EMAIL = int(Channel.EMAIL)
CONNECTIONS = 4
ERRAND_LEASE_S = 5.0
CARRIES_S = 5.0
_AGAIN_S = 0.1


class WallClock:
    """Business time that nobody moves; all processes are on one machine."""

    def now_us(self):
        return time.time_ns() // 1000


class Allowed:
    """Everybody may be written to."""

    async def person(self, person_id):
        return PersonSnapshot(person_ids=[person_id], consents=["marketing"])

    async def reserve(self, contact_id, person, policy, channel):
        return None

    async def release(self, contact_id):
        return None


class Written:
    async def compose(self, draft, channel):
        return Message(channel, draft.person_id, "Hello")


class Unheard:
    """A log that keeps nothing: what is counted here is messages."""

    async def write(self, dispatch):
        return None


class Counted:
    """A carrier that writes down each attempt before it does anything."""

    def __init__(self, inner, file):
        self._inner = inner
        self._file = file

    async def carry(self, message, key):
        self._file.write(f"{key}\n")
        self._file.flush()
        return await self._inner.carry(message, key)

    async def ask(self, key):
        return await self._inner.ask(key)


def freezing(folder: Path):
    """Stop this process where it has just claimed timers, once, if the test wants one stopped."""

    def reach(point: str) -> None:
        if point == "after_commit":
            (folder / f"committed-{os.getpid()}").touch()
        if point == "after_claim":
            try:
                (folder / "freeze").rename(folder / f"frozen-{os.getpid()}")
            except FileNotFoundError:
                return
            os.kill(os.getpid(), signal.SIGSTOP)

    return reach


async def work(url: str, folder: Path, lease_s: float) -> None:
    clock, owner = WallClock(), f"worker-{os.getpid()}"
    async with open_database(url, application="scenario", connections=CONNECTIONS) as database:
        store = PostgresJourneys(database, Notes(FolderWrappingKeys(folder / "keys")))
        finder = Finder(catalogue(), OneBundle(), SimpleNamespace(), clock, SimpleNamespace())
        errands_store = PostgresErrands(database)
        with (folder / f"attempts-{os.getpid()}").open("a") as attempts:
            carrier = Counted(OutboxCarrier(folder, clock.now_us), attempts)
            carriages = {EMAIL: Carriage(carrier, True, True, CARRIES_S)}
            sender = Sender(errands_store, Written(), carriages, Allowed(), clock)
            errands = Errands(
                errands_store,
                sender,
                Unheard(),
                catalogue(),
                clock,
                owner=owner,
                lease_s=ERRAND_LEASE_S,
            )
            timers = Timers(
                store,
                finder,
                clock,
                owner=owner,
                lease_s=lease_s,
                moved=lambda _: errands.wake(),
                reach=freezing(folder),
            )
            (folder / f"ready-{os.getpid()}").touch()
            await asyncio.gather(timers.run(), errands.run())


async def work_again_and_again(url: str, folder: Path, lease_s: float) -> None:
    """Work; begun while the database is away, begin again, as whoever starts services lets them."""
    while True:
        try:
            await work(url, folder, lease_s)
        except Unavailable:
            await asyncio.sleep(_AGAIN_S)


if __name__ == "__main__":
    given = Path(sys.argv[2])
    log = (given / f"log-{os.getpid()}").open("w")
    configure("worker", stream=log)
    asyncio.run(work_again_and_again(sys.argv[1], given, float(sys.argv[3])))

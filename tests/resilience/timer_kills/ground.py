"""A database of its own, journeys that wait in it, and workers that can be killed and come back."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import psutil

from bench.timers_scene import bundle
from services.scenario.storage import MIGRATIONS
from shared.engines import PostgresEngine
from shared.postgres import migrate, open_database
from shared.postgres.provision import provision

_HEAD_START_S = 2.0
"""Until the first timer is due."""
_READY_S = 120.0
"""That a worker may take to import what it needs."""
_AGAIN_S = 0.02
_WRITE = """
INSERT INTO journeys (journey_id, person_id, scenario, definition, phase, version, started_us,
    due_us, stage, entered_us, until_us, occurrence)
SELECT 'journey-' || number, 'person-' || number, 'bench', $1, 2, 2, $2, $2 + number * $3, 0, $2,
    $2 + number * $3, 1
FROM generate_series(1, $4::bigint) AS number
"""
_DUE = """
CREATE TABLE due AS SELECT journey_id, due_us FROM journeys
"""
_LEFT = """
SELECT (SELECT count(*) FROM journeys WHERE occurrence < 3)
     + (SELECT count(*) FROM errands WHERE is_open)
"""


@dataclass
class Ground:
    """Where it is done."""

    url: str
    """Of the scenario service's role."""
    folder: Path
    lease_s: float
    first_us: int = 0
    outages: list[tuple[int, int]] = field(default_factory=list)
    """When the database was killed, and when it answered again, microseconds."""
    deaths_us: list[int] = field(default_factory=list)
    """When workers were killed."""
    _workers: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def write(self, timers: int, per_s: float) -> None:
        """Let journeys wait whose timers fall due one after the other."""
        self.first_us = time.time_ns() // 1000 + int(_HEAD_START_S * 1e6)
        definition = bundle().scenarios[0].SerializeToString(deterministic=True)
        database = await asyncpg.connect(self.url)
        await database.execute(_WRITE, definition, self.first_us, int(1e6 / per_s), timers)
        await database.execute(_DUE)
        await database.close()

    def seconds_until(self, moment_s: float) -> float:
        """Return how long it is until so long after the first timer is due; negative: since."""
        return (self.first_us - time.time_ns() // 1000) / 1e6 + moment_s

    async def start(self, workers: int) -> None:
        """Start workers, and return once they work."""
        for _ in range(workers):
            await self._start_one()
        await self._ready()

    async def _ready(self) -> None:
        async with asyncio.timeout(_READY_S):
            while not all(
                (self.folder / f"ready-{process.pid}").exists() for process in self._workers
            ):
                await asyncio.sleep(_AGAIN_S)

    async def _start_one(self) -> None:
        command = "-m", "tests.resilience.timer_kills.worker"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *command, self.url, str(self.folder), str(self.lease_s)),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        )
        self._workers.append(process)

    async def kill_one(self, chance: random.Random) -> None:
        """Kill a worker as by `kill -9` while all work; another process takes its place."""
        await self._ready()
        victim = self._workers.pop(chance.randrange(len(self._workers)))
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        self.deaths_us.append(time.time_ns() // 1000)
        await self._start_one()

    async def kill_database(self) -> None:
        """Kill the database as by `kill -9`, and wait until it answers again."""
        postmaster = await self._postmaster()
        killed_us = time.time_ns() // 1000
        postmaster.kill()
        while True:
            try:
                if (await self._postmaster()).pid != postmaster.pid:
                    break
            except (OSError, TimeoutError, asyncpg.PostgresError, psutil.Error):
                await asyncio.sleep(_AGAIN_S)
        self.outages.append((killed_us, time.time_ns() // 1000))

    async def _postmaster(self) -> psutil.Process:
        database = await asyncpg.connect(self.url, timeout=1.0)
        try:
            backend = await database.fetchval("SELECT pg_backend_pid()", timeout=1.0)
            found = psutil.Process(backend).parent()
        finally:
            await database.close(timeout=1.0)
        assert found is not None, "whoever answers has a postmaster"
        return found

    async def left(self) -> int:
        """Return how many timers and messages are still to come."""
        database = await asyncpg.connect(self.url, timeout=5.0)
        try:
            return int(await database.fetchval(_LEFT))
        finally:
            await database.close()

    async def stop(self) -> None:
        for process in self._workers:
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
                await process.wait()
        self._workers.clear()

    @property
    def workers(self) -> list[asyncio.subprocess.Process]:
        return self._workers

    def is_late(self, due_us: int, late_ms: int) -> bool:
        """Say whether a timer came later than a death excuses.

        After a worker's by its lease and half a second, and once more for each worker more that may
        have died with it; after the database's by the time that took, a lease and a second.
        """
        late_s, done_us = late_ms / 1000, due_us + late_ms * 1000
        deaths = sum(due_us <= death_us <= done_us for death_us in self.deaths_us)
        if late_s <= max(deaths, 1) * (self.lease_s + 0.5):
            return False
        return not any(
            killed_us <= done_us
            and due_us <= back_us + int((self.lease_s + 1.0) * 1e6)
            and late_s <= (back_us - killed_us) / 1e6 + self.lease_s + 1.0
            for killed_us, back_us in self.outages
        )


@asynccontextmanager
async def on_ground(folder: Path, lease_s: float) -> AsyncIterator[Ground]:
    """Start a database with the schema of scenario; on leaving all of it is gone."""
    engine = PostgresEngine(folder / "engine")
    try:
        async with engine.running() as admin_url:
            roles = await provision(
                admin_url, lambda _: "timer-kills", development=True, services=("scenario",)
            )
            async with open_database(
                roles["scenario"], application="scenario", connections=1
            ) as database:
                await migrate(database, MIGRATIONS)
            ground = Ground(roles["scenario"], folder, lease_s)
            try:
                yield ground
            finally:
                await ground.stop()
    finally:
        engine.erase()

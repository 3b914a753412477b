"""`kill -9` of workers and of the database while timers go off: none is lost, none goes off twice.

`make test-timer-kills`; TIMERS, KILLS, DATABASE_KILLS, PER_S and SEED change how many there are,
how often who dies, how many timers fall due a second, and what chance does.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys

import asyncpg
import psutil
import pytest

from shared.testing.background import until
from tests.resilience.timer_kills.ground import on_ground

TIMERS = int(os.environ.get("TIMERS") or 20_000)
KILLS = int(os.environ.get("KILLS") or 30)
DATABASE_KILLS = int(os.environ.get("DATABASE_KILLS") or 3)
PER_S = float(os.environ.get("PER_S") or 100.0)
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 30))
LEASE_S = 2.0
WORKERS = 3
LAST_S = 600.0
"""Until the last message is out."""
CHECK_S = 120.0
FROZEN = 40
"""Timers, of which one worker claims some and is frozen with them."""
ROWS = "SELECT journey_id, version, xmin::text FROM journeys ORDER BY journey_id"

pytestmark = pytest.mark.timeout(TIMERS / PER_S + LAST_S + CHECK_S + 120.0)


@pytest.fixture
async def ground(tmp_path):
    async with on_ground(tmp_path, LEASE_S) as found:
        yield found


async def test_no_timer_is_lost_none_goes_off_twice_and_none_comes_later_than_a_death_excuses(
    ground, capsys
):
    await ground.start(WORKERS)
    await ground.write(TIMERS, PER_S)
    await kill_again_and_again(ground)
    await until(lambda: nothing_left(ground), LAST_S)
    await ground.stop()
    found = await checked(ground)
    late = sorted(late_ms for _, late_ms in found["late_ms"])
    outages = [round((back - killed) / 1e6, 1) for killed, back in ground.outages]
    with capsys.disabled():
        print(
            f"\nseed {SEED}: {found['timers']:,} timers, {KILLS} kills of workers, "
            f"{len(outages)} of the database, away for {outages} s; {len(found['lost'])} lost, "
            f"{len(found['doubled'])} doubled, {found['extra_attempts']} extra attempts; late by "
            f"{late[len(late) // 2]} ms (p50), {late[len(late) * 99 // 100]} ms (p99), "
            f"{late[-1]} ms at most"
        )
    assert (found["lost"], found["doubled"], found["timers"]) == ([], [], TIMERS)
    too_late = [each for each in found["late_ms"] if ground.is_late(*each)]
    assert not too_late, f"{len(too_late)} timers came too late: {too_late[:5]}"


async def kill_again_and_again(ground):
    """Kill, spread over all that falls due; the database between workers."""
    chance = random.Random(SEED)
    victims = ["worker"] * KILLS + ["database"] * DATABASE_KILLS
    chance.shuffle(victims)
    lasts_s = TIMERS / PER_S
    moments = sorted(chance.uniform(0.05, 0.95) * lasts_s for _ in victims)
    for victim, moment_s in zip(victims, moments, strict=True):
        await asyncio.sleep(max(ground.seconds_until(moment_s), 0.0))
        if victim == "worker":
            await ground.kill_one(chance)
        else:
            await ground.kill_database()


async def nothing_left(ground):
    try:
        return ground.seconds_until(TIMERS / PER_S) < 0 and not await ground.left()
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False


async def checked(ground):
    """Run the checker, which shares nothing with the system."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.resilience.timer_kills.checker"),
        *(ground.url, str(ground.folder), str(TIMERS)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    async with asyncio.timeout(CHECK_S):
        said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)


async def test_a_worker_frozen_for_three_leases_and_woken_writes_nothing(ground):
    (ground.folder / "freeze").touch()
    await ground.start(1)
    await ground.write(FROZEN, 1e6)
    (frozen,) = ground.workers
    await until(lambda: is_stopped(frozen.pid), 60.0)
    database = await asyncpg.connect(ground.url)
    try:
        claimed = await database.fetchval("SELECT count(*) FROM journeys WHERE owner <> ''")
        assert claimed, "it was stopped with what it had claimed"
        await asyncio.sleep(3 * LEASE_S)  # this is how long it is frozen
        await ground.start(1)
        await until(lambda: nothing_open(ground), 120.0)
        before = await database.fetch(ROWS)
        psutil.Process(frozen.pid).resume()
        # It goes on with what it holds, and commits nothing of it.
        await until((ground.folder / f"committed-{frozen.pid}").exists, 60.0)
        assert await database.fetch(ROWS) == before
        for table in ("effects", "errands"):
            count = await database.fetchval(f"SELECT count(*) FROM {table}")
            assert count == (2 * FROZEN if table == "effects" else FROZEN)
    finally:
        await database.close()


def is_stopped(pid):
    return psutil.Process(pid).status() == psutil.STATUS_STOPPED


async def nothing_open(ground):
    return not await ground.left()

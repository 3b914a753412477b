"""`kill -9` of profile again and again while events come in: none is lost, none counts twice.

`make test-kills`; EVENTS, KILLS and SEED change how much, how often, and what chance does.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time

import psutil
import pytest

from shared.processes.record import ChildRecord
from shared.testing.suite import running_suite
from tests.journeys.channels import until
from tests.resilience.kills.script import Run
from tests.resilience.kills.sending import Sending
from tests.resilience.under_load.acknowledged import AcknowledgedFile

EVENTS = int(os.environ.get("EVENTS") or 20_000)
KILLS = int(os.environ.get("KILLS") or 30)
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(1 << 30))
MOST_DELAY_S = 0.05
"""So that every moment of a transaction may be its last."""
BACK_S = 60.0
WHOLE_S = 1_500.0
CHECK_S = 120.0

pytestmark = pytest.mark.timeout(WHOLE_S + CHECK_S + 120.0)


@pytest.fixture
async def suite(tmp_path):
    async with running_suite(tmp_path / "suite", "--data", "none", "--port", "0") as found:
        yield found


async def test_nothing_acknowledged_is_lost_and_nothing_counts_twice(suite, tmp_path, capsys):
    file = AcknowledgedFile(tmp_path / "acknowledged")
    sending = Sending(suite.edge, file, Run(f"kills-{SEED}", int(time.time())), EVENTS)
    async with asyncio.timeout(WHOLE_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(sending.send_all())
        kills = await kill_again_and_again(suite, sending)
    file.close()
    found = await checked(suite, tmp_path / "acknowledged")
    with capsys.disabled():
        print(
            f"\nseed {SEED}: {kills} kills, {found['acknowledged']:,} events acknowledged, "
            f"{sending.repeated:,} batches repeated, {len(found['lost'])} lost, "
            f"{len(found['doubled'])} doubled, {len(found['miscounted'])} of "
            f"{found['persons']} persons miscounted"
        )
    wrong = {name: value for name, value in found.items() if isinstance(value, list) and value}
    assert wrong == {}
    assert (found["acknowledged"], found["parked"], kills) == (EVENTS, 0, KILLS)


async def kill_again_and_again(suite, sending):
    """Kill spread over all that is sent; returns how often."""
    chance = random.Random(SEED)
    for number in range(KILLS):
        await sending.until(EVENTS * number // (KILLS + 1))
        victim = profile_of(suite)
        await asyncio.sleep(chance.random() * MOST_DELAY_S)
        os.kill(victim.pid, signal.SIGKILL)
        await until(lambda killed=victim: is_another(suite, killed), BACK_S)
    return KILLS


def profile_of(suite):
    children = ChildRecord(suite.home / "run" / "up.json").read()
    return psutil.Process(children["profile"].pid)


async def is_another(suite, killed):
    try:
        return profile_of(suite) != killed
    except (KeyError, psutil.NoSuchProcess):
        return False


async def checked(suite, acknowledged):
    """Run the checker, which shares nothing with the system."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.resilience.kills.checker", str(acknowledged)),
        suite.grpc["profile"][0],
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": ":".join(path for path in sys.path if path)},
    )
    async with asyncio.timeout(CHECK_S):
        said, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(said)

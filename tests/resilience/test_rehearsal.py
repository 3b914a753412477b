"""`touchpoint load --faults` on a running suite: every fault is told, and none outlives it."""

import asyncio
import json
import signal
import sys

import psutil
import pytest

from cli.load.faults.targets import target
from shared.testing.background import until

CALLS = 8


async def started(edge, *words):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "load", "--faults", "--home", str(edge.home), *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture
def processes(edge):
    """Finds the processes of a service or of an engine."""
    return lambda name: target(edge.home, name).processes()


def stopped(found):
    return [each for each in found if each.status() == psutil.STATUS_STOPPED]


async def rehearsed(edge, name):
    """Run it to its end; returns what it tells of each fault."""
    words = ("--only", name, "--calls", str(CALLS), "--min-in-time", "0%", "--json")
    process = await started(edge, *words)
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    cells = json.loads(out)["cells"]
    for cell in cells:
        told = ("in_time", "degraded", "shed", "late", "error")
        assert cell["calls"] == CALLS == sum(cell[each] for each in told)
        assert cell["well_after_s"] is not None
    assert [cells[0]["name"], cells[0]["fault"]] == ["", "none"]
    assert {cell["name"] for cell in cells[1:]} == {name}
    return {cell["fault"]: cell for cell in cells}


async def test_an_engine_is_frozen_and_slow_and_goes_on_afterwards(edge, processes):
    found = await rehearsed(edge, "nats")

    assert list(found) == ["none", "frozen", "slow"]
    assert not stopped(processes("nats"))


@pytest.mark.long
async def test_a_service_is_dead_frozen_and_slow_and_well_afterwards(edge, processes):
    [before] = processes("scenario")
    found = await rehearsed(edge, "scenario")

    assert list(found) == ["none", "dead", "frozen", "slow"]
    assert any("scenario UNAVAILABLE" in reason for reason in found["dead"]["reasons"])
    assert any("scenario TIMEOUT" in reason for reason in found["frozen"]["reasons"])
    [after] = processes("scenario")
    assert after.pid != before.pid
    assert not stopped([after])


async def test_control_c_lets_what_is_frozen_go_on(edge, processes):
    process = await started(edge, "--only", "nats", "--calls", "40")
    await until(lambda: bool(stopped(processes("nats"))))
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()

    assert process.returncode != 0
    assert not stopped(processes("nats")), err.decode()

"""`touchpoint up` as a process: what it leaves behind, whatever ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys

import psutil
import pytest

pytestmark = pytest.mark.processes

READY_S = 120.0
END_S = 60.0


@contextlib.asynccontextmanager
async def up(home, *flags):
    """Run `up` in a home and lend it once it is ready; kill what is left of it at the end."""
    process = await start(home, *flags)
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), READY_S))
        yield process, ready
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.communicate(), END_S)


async def start(home, *flags):
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "up", "--json", "--home", str(home)),
        *("--data", "none", "--port", "0", *flags),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def family_of(process):
    root = psutil.Process(process.pid)
    return [root, *root.children(recursive=True)]


async def all_gone(family, within_s=END_S):
    """Return once none of the processes runs any more; raises TimeoutError."""
    await asyncio.to_thread(psutil.wait_procs, family, within_s)
    left = [process for process in family if process.is_running()]
    living = [each for each in left if each.status() != psutil.STATUS_ZOMBIE]
    assert not living, [each.cmdline() for each in living]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home for one start after another: only the first makes the data of the engines."""
    return tmp_path_factory.mktemp("up")


async def test_a_colocated_suite_ends_when_it_is_asked_to_stop(home):
    async with up(home, "--colocate") as (process, ready):
        assert len(ready["pids"]) == 1
        assert ready["colocated"]
        family = family_of(process)
        process.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(process.communicate(), END_S)
        assert process.returncode == 0, said
        await all_gone(family)
        assert not (home / "run" / "endpoints.json").exists()


async def test_after_kill_9_nothing_is_left_and_the_next_start_works_until_down_ends_it(home):
    async with up(home) as (process, ready):
        assert len(ready["pids"]) == 6
        assert not ready["colocated"]
        family = family_of(process)
        process.kill()
        await process.wait()
        await all_gone(family)
    async with up(home, "--replicas", "scenario=2") as (process, ready):
        assert len(ready["pids"]) == 7
        await one_that_dies_is_started_again(home, ready)
        await a_second_one_is_refused(home, process)
        await all_ends_with_down(home, process)


async def one_that_dies_is_started_again(home, ready):
    """Kill one of two replicas, each a process of its own."""
    assert {"scenario", "scenario-2"} <= set(ready["pids"])
    assert len(set(ready["grpc"]["scenario"])) == 2
    os.kill(ready["pids"]["scenario"], signal.SIGKILL)
    async with asyncio.timeout(READY_S):
        while (pid := recorded(home, "scenario")) in (None, ready["pids"]["scenario"]):
            await asyncio.sleep(0.05)
    assert psutil.pid_exists(pid)


async def a_second_one_is_refused(home, first):
    """Start another suite in the same home; the first lives on."""
    second = await start(home)
    _, said = await asyncio.wait_for(second.communicate(), END_S)
    assert second.returncode == 1
    assert f"already runs in {home} (process {first.pid})" in said.decode()
    assert first.returncode is None
    assert (home / "run" / "endpoints.json").exists()


async def all_ends_with_down(home, process):
    """End it from another terminal."""
    family = family_of(process)
    down = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "down", "--home", str(home)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(down.communicate(), END_S)
    assert b"Everything has ended" in said
    await all_gone(family, within_s=1)
    assert await asyncio.wait_for(process.wait(), END_S) == 0
    assert not (home / "run" / "endpoints.json").exists()


def recorded(home, name):
    try:
        return json.loads((home / "run" / "up.json").read_text())[name]["pid"]
    except (ValueError, KeyError):
        return None


async def test_a_service_that_cannot_start_ends_it_all_with_where_to_look(home):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "up", "--json", "--home", str(home)),
        *("--data", "none", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TOUCHPOINT_JOURNAL_DAYS": "many"},
    )
    _, said = await asyncio.wait_for(process.communicate(), READY_S)
    assert process.returncode == 1
    assert b"ranker" in said
    assert str(home / "logs" / "ranker.log").encode() in said

"""`touchpoint up` as a process: what it leaves behind, whatever ends it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request

import psutil
import pytest

pytestmark = pytest.mark.processes

READY_S = 120.0
END_S = 60.0
STORY_S = 240.0
ATTEMPTS = 10


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


@pytest.mark.parametrize(
    ("number", "mode", "processes"),
    [
        (signal.SIGTERM, (), 6),
        (signal.SIGINT, ("--colocate",), 1),
        (signal.SIGHUP, ("--colocate",), 1),
    ],
)
async def test_every_child_ends_when_it_is_asked_to_stop(tmp_path, number, mode, processes):
    async with up(tmp_path, *mode) as (process, ready):
        family = family_of(process)
        assert len(ready["pids"]) == processes
        assert ready["colocated"] == bool(mode)
        process.send_signal(number)
        _, said = await asyncio.wait_for(process.communicate(), END_S)
        assert process.returncode == 0, said
        await all_gone(family)
    assert not (tmp_path / "run" / "endpoints.json").exists()


async def test_a_second_one_in_the_same_home_is_refused_and_the_first_lives_until_down(tmp_path):
    async with up(tmp_path) as (process, _):
        family = family_of(process)
        second = await start(tmp_path)
        _, said = await asyncio.wait_for(second.communicate(), END_S)
        assert second.returncode == 1
        assert f"already runs in {tmp_path} (process {process.pid})" in said.decode()
        assert process.returncode is None
        assert (tmp_path / "run" / "endpoints.json").exists()
        down = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli.main", "down", "--home", str(tmp_path)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await asyncio.wait_for(down.communicate(), END_S)
        assert b"Everything has ended" in said
        await all_gone(family, within_s=1)


async def test_after_kill_9_nothing_is_left_and_the_next_start_works(tmp_path):
    async with up(tmp_path) as (process, _):
        family = family_of(process)
        process.kill()
        await process.wait()
        await all_gone(family)
    async with up(tmp_path) as (_, ready):
        assert len(ready["pids"]) == 6


async def test_replicas_are_processes_of_their_own_and_one_that_dies_is_started_again(tmp_path):
    async with up(tmp_path, "--replicas", "scenario=2") as (_, ready):
        assert {"scenario", "scenario-2"} <= set(ready["pids"])
        assert len(set(ready["grpc"]["scenario"])) == 2
        os.kill(ready["pids"]["scenario"], signal.SIGKILL)
        async with asyncio.timeout(READY_S):
            while (pid := recorded(tmp_path, "scenario")) in (None, ready["pids"]["scenario"]):
                await asyncio.sleep(0.05)
        assert psutil.pid_exists(pid)


def recorded(home, name):
    try:
        return json.loads((home / "run" / "up.json").read_text())[name]["pid"]
    except (ValueError, KeyError):
        return None


async def test_a_service_that_cannot_start_ends_it_all_with_where_to_look(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "up", "--json", "--home", str(tmp_path)),
        *("--data", "none", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TOUCHPOINT_JOURNAL_DAYS": "many"},
    )
    _, said = await asyncio.wait_for(process.communicate(), READY_S)
    assert process.returncode == 1
    assert b"ranker" in said
    assert str(tmp_path / "logs" / "ranker.log").encode() in said


async def test_the_story_shop_begins_with_a_decision_and_lines_that_work(tmp_path):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "up", "--home", str(tmp_path), "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "120"},
    )
    try:
        said = await asyncio.wait_for(_until(process, "Ctrl-C ends it"), STORY_S)
        assert "Because you looked at" in said
        assert "ms spent/given: profile" in said
        lines = _lines(said)
        declined = (
            next(line for line in lines if " decline " in line).split("--offer ")[1].split()[0]
        )
        await asyncio.to_thread(_answers, lines[0])
        for _ in range(ATTEMPTS):  # a machine that stalls is answered by what stands in
            if declined in await asyncio.to_thread(_answers, lines[1]):
                break
        else:
            raise AssertionError(f"{declined} is not offered again: {lines[1]}")
        _, again, *_ = [await asyncio.to_thread(_answers, line) for line in lines[2:]]
        assert declined not in again
        assert not list((tmp_path / "data").glob("story*"))
    finally:
        process.terminate()
        await asyncio.wait_for(process.communicate(), END_S)


async def _until(process, end):
    said = ""
    while end not in said:
        line = await process.stdout.readline()
        assert line, said
        said += line.decode()
    return said


def _lines(said):
    """The lines to try, but for the stories, which are tested by themselves."""
    _, _, after = said.partition("In a second terminal:")
    lines = [line.strip() for line in after.splitlines() if line.startswith("  ")]
    assert lines[0].startswith("cd ")
    return lines[1:7]


def _answers(line):
    """Run a line to try; `touchpoint` and `curl` need not be installed for that."""
    words = shlex.split(line)
    if words[0] == "curl":
        request = urllib.request.Request(
            words[2], words[6].encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()
    done = subprocess.run(
        (sys.executable, "-m", "cli.main", *words[1:]), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, line + done.stdout + done.stderr
    return done.stdout

"""`touchpoint up` with the story shop: it says what to try, stories come out, shoppers visit."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.integration.cli.conftest import CommandLine

pytestmark = pytest.mark.processes

STORY_S = 240.0
END_S = 60.0
ATTEMPTS = 10


@pytest.fixture(scope="module")
async def started(tmp_path_factory):
    """A suite with the story shop, and what it said to whoever started it."""
    home = tmp_path_factory.mktemp("demo")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "up", "--home", str(home), "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "120"},
    )
    try:
        yield home, await asyncio.wait_for(_until(process, "Ctrl-C ends it"), STORY_S)
    finally:
        process.send_signal(signal.SIGHUP)  # as where somebody closes its terminal
        await asyncio.wait_for(process.communicate(), END_S)
    assert process.returncode == 0


@pytest.fixture(scope="module")
def story_shop(started):
    home, _ = started
    return CommandLine(home)


def test_the_story_shop_begins_with_a_decision_and_lines_that_work(started):
    home, said = started
    assert "of visits to Halden Book" in said  # why it is shown, by what visitors did
    assert "ms spent/given: profile" in said
    lines = _lines(said)
    declined = next(line for line in lines if " decline " in line).split("--offer ")[1].split()[0]
    _answers(lines[0])
    for _ in range(ATTEMPTS):  # a machine that stalls is answered by what stands in
        if declined in _answers(lines[1]):
            break
    else:
        raise AssertionError(f"{declined} is not offered again: {lines[1]}")
    _, again, *_ = [_answers(line) for line in lines[2:]]
    assert declined not in again
    assert not list((home / "data").glob("story*"))


def test_every_story_comes_out_or_says_why_it_is_left_out(story_shop):
    played = story_shop.json("demo")["stories"]
    left_out = {each["story"]: each["skipped"] for each in played if "skipped" in each}
    assert set(left_out) <= {"alike"}, left_out
    assert all("touchpoint train" in why for why in left_out.values())
    for each in played:
        assert all(each["claims"].values()), each
        assert each["claims"] or each["story"] in left_out


def test_shoppers_visit_and_what_they_take_is_counted_and_drawn(story_shop, tmp_path):
    chart = tmp_path / "traffic.png"
    plan = ("--rounds", "2", "--shoppers", "8", "--chart", str(chart))
    report = story_shop.json("demo", "--traffic", *plan)
    first, second = report["rounds"]
    people = first["shoppers"] + second["shoppers"] + report["held_out"]["shoppers"]
    assert people == 16
    assert first["shown"] > first["accepted"] > 0
    assert 0 < first["chance"] < first["best"] <= 1
    assert report["chart"] == str(chart)
    assert chart.read_bytes().startswith(b"\x89PNG")


def test_what_shoppers_did_is_told_to_people_as_a_table_with_a_verdict(story_shop, tmp_path):
    told = story_shop(
        *("demo", "--traffic", "--rounds", "2", "--shoppers", "2"),
        *("--chart", str(tmp_path / "traffic.png")),
    )
    assert "held out" in told
    assert "climb" in told
    assert f"Chart: {tmp_path}" in told


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

"""What is made bad in which order, who may do it, and how it is told."""

from __future__ import annotations

import itertools
import json
import os

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.load.faults.command import made_bad, own_suite
from cli.load.faults.fault import Fault
from cli.load.faults.rehearsal import Cell, Plan
from cli.load.faults.report import cell_json, cells_table, missing_of, missing_table
from cli.load.faults.targets import SERVICES
from cli.load.outcome import Fate, Outcome
from cli.main import app
from cli.suite.home import Endpoints, Home
from cli.suite.topology import SERVICES as ALL_SERVICES
from shared.processes import FileLock

run = CliRunner()
GRPC = {name: [f"127.0.0.1:{number}"] for number, name in enumerate(ALL_SERVICES, 1)}
EDGE = GRPC["aggregator"][0]


def plan(names):
    return Plan(Home("nowhere"), "", itertools.repeat(None), names, 1, 1.0, [0.1])


def cell(*outcomes, name="rules", well_after_s=1.0):
    return Cell(name, Fault.FROZEN, 0.1, outcomes, 0, well_after_s)


ANSWERED = Outcome(Fate.ANSWERED, 0.01)
LATE = Outcome(Fate.FAILED, 0.1, "DEADLINE_EXCEEDED")


def lacking(*reasons):
    return Outcome(Fate.DEGRADED, 0.02, ", ".join(reasons))


def shown(table):
    console = Console(width=200, no_color=True)
    with console.capture() as found:
        console.print(table)
    return found.get()


def test_every_service_behind_the_edge_is_dead_frozen_and_slow_after_nothing_was_wrong():
    faults = plan(made_bad([], engines=False)).faults

    assert faults[0] == ("", Fault.NONE)
    assert set(faults[1:]) == {
        (service, fault)
        for service in set(ALL_SERVICES) - {"aggregator"}
        for fault in (Fault.DEAD, Fault.FROZEN, Fault.SLOW)
    }


def test_an_engine_is_never_killed_because_nobody_starts_it_again():
    faults = plan(made_bad([], engines=True)).faults

    assert {fault for name, fault in faults if name in ("postgres", "nats")} == {
        Fault.FROZEN,
        Fault.SLOW,
    }
    assert len(faults) == 1 + 3 * len(SERVICES) + 2 * 2


def test_only_those_named_are_made_bad_in_the_usual_order():
    assert made_bad(["nats", "ranker", "rules"], engines=False) == ["rules", "ranker", "nats"]
    assert made_bad(["rules"], engines=True) == ["rules", "postgres", "nats"]


@pytest.mark.parametrize("name", ["aggregator", "rulez"])
def test_who_cannot_be_made_bad_is_told_with_those_who_can(name):
    with pytest.raises(ValueError, match=f"--only {name}: one of profile, retrieval, rules"):
        made_bad([name], engines=False)


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "home")
    made.prepare()
    return made


@pytest.fixture
async def supervised(home):
    """A home that a living process holds."""
    lock = FileLock(home.lock)
    await lock.acquire(0.0)
    yield home
    lock.release()


def refused(home, *words):
    answer = run.invoke(app, ["load", "--faults", "--home", str(home.path), *words])
    assert answer.exit_code == 2, answer.output
    return " ".join(answer.output.split())


def test_without_a_suite_it_says_how_to_start_one(home):
    home.write_endpoints(Endpoints(GRPC, "127.0.0.1:9", 1))
    assert f"Nothing runs in {home.path}" in refused(home)


async def test_a_suite_of_one_process_is_refused(supervised):
    supervised.write_endpoints(Endpoints(GRPC, "127.0.0.1:9", 1, colocated=True))
    assert "nothing of it can fail alone" in refused(supervised)


async def test_an_edge_of_another_suite_is_refused(supervised):
    supervised.write_endpoints(Endpoints(GRPC, "127.0.0.1:9", 1))
    assert own_suite(supervised.path, EDGE) == (supervised, EDGE)
    assert f"far:7400 is not the edge of {supervised.path}" in refused(
        supervised, "--edge", "far:7400"
    )


async def test_a_suite_whose_processes_are_not_here_is_refused(supervised):
    supervised.write_endpoints(Endpoints(GRPC, "127.0.0.1:9", os.getpid()))
    assert "No process of profile runs on this machine" in refused(supervised)


@pytest.mark.parametrize(
    "words",
    [
        ("--mix", "WEB=1,IVR=1"),
        ("--profile", "spike"),
        ("--duration", "20"),
        ("--histogram", "bars.svg"),
    ],
)
def test_what_a_rehearsal_does_not_do_is_refused(home, words):
    assert f"{words[0]} goes without --faults" in refused(home, *words)


@pytest.mark.parametrize("words", [("--calls", "3"), ("--only", "rules"), ("--engines",)])
def test_what_only_a_rehearsal_does_is_refused_without_it(words):
    answer = run.invoke(app, ["load", *words])
    assert answer.exit_code == 2
    assert f"{words[0]} needs --faults" in answer.output


def test_what_is_missing_is_counted_by_service_and_reason():
    found = cell(
        lacking("rules TIMEOUT", "scenario TIMEOUT"), lacking("rules TIMEOUT"), LATE, ANSWERED
    )

    assert missing_of(found.reasons) == [("rules TIMEOUT", 2), ("scenario TIMEOUT", 1)]
    assert "rules frozen  rules TIMEOUT 2, scenario TIMEOUT 1" in shown(missing_table([found]))


def test_a_row_counts_what_callers_got():
    [_, row] = shown(
        cells_table([cell(ANSWERED, lacking("rules TIMEOUT"), LATE, ANSWERED)], 0.98, "")
    ).splitlines()
    assert row.split() == ["rules", "frozen", "75.0%", "1", "0", "1", "0", "10", "20", "1.0", "s"]


def test_what_was_not_well_again_says_so():
    table = cells_table([cell(LATE, well_after_s=None)], 0.98, "")
    assert shown(table).splitlines()[-1].split()[-3:] == ["-", "-", "no"]


def test_machines_are_told_every_figure():
    found = json.loads(json.dumps(cell_json(cell(ANSWERED, lacking("rules TIMEOUT"), LATE))))

    assert found == {
        "name": "rules",
        "fault": "frozen",
        "calls": 3,
        "in_time": 1,
        "degraded": 1,
        "shed": 0,
        "late": 1,
        "error": 0,
        "in_time_share": pytest.approx(2 / 3),
        "p50_ms": 10.0,
        "p99_ms": 20.0,
        "well_after_s": 1.0,
        "late_sends": 0,
        "reasons": {"rules TIMEOUT": 1, "DEADLINE_EXCEEDED": 1},
    }
    assert cell_json(cell(LATE))["p50_ms"] is None

"""`touchpoint simulate DIR --scenarios` from rpc to report, as somebody at a terminal sees it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from typer.testing import CliRunner

from cli.console import CommandError, Exit
from cli.main import app
from services.profile.replaying_people import columns_of
from tests.unit.cli.test_backtest import (
    ADA,
    BOB,
    DAY_US,
    EVE,
    HOUR_US,
    NOON_US,
    SCENARIOS,
    SHOE,
    event,
)
from touchpoint.common.v1 import clock_service_pb2 as clock_pb
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.scenario.v1 import queue_pb2 as queue_pb

NOW_S = (NOON_US + 10 * DAY_US) // 1_000_000
SERVED = {
    "touchpoint.retrieval.v1.RetrievalService": ("StreamCatalogue",),
    "touchpoint.profile.v1.ProfileService": ("StreamHistory", "StreamIdentities"),
    "touchpoint.scenario.v1.ScenarioService": ("GetQueueReport",),
    "touchpoint.common.v1.ClockService": ("GetClock",),
}


class Suite:
    """The rpcs that the command calls: three people left a cart, two of whom are one person."""

    def StreamCatalogue(self, request, context):  # noqa: N802 - as the rpc is called
        row = CatalogueRow(
            offer_no=SHOE, offer_id="shoe", kind=OfferKind.PRODUCT, category="Shoes", stock=-1
        )
        yield retrieval_pb.StreamCatalogueResponse(
            batch=CatalogueBatch(previous_version=0, version=1, rows=[row])
        )

    def StreamHistory(self, request, context):  # noqa: N802
        left = [(who, event("add_to_cart", at * HOUR_US), "") for at, who in enumerate((ADA, BOB))]
        yield profile_pb.StreamHistoryResponse(events=columns_of(left), position=2, end=3)
        late = [(EVE, event("add_to_cart", 2 * DAY_US), "")]
        yield profile_pb.StreamHistoryResponse(events=columns_of(late), position=3, end=3)

    def StreamIdentities(self, request, context):  # noqa: N802
        response = profile_pb.StreamIdentitiesResponse(position=1)
        response.sets.add(person_ids=[ADA, BOB], person_id=ADA)
        yield response

    def GetQueueReport(self, request, context):  # noqa: N802
        return queue_pb.GetQueueReportResponse(calls_per_day=5)

    def GetClock(self, request, context):  # noqa: N802
        return clock_pb.GetClockResponse(business_time=Timestamp(seconds=NOW_S))


def handler(suite, name):
    module = {
        "StreamCatalogue": retrieval_pb,
        "GetQueueReport": queue_pb,
        "GetClock": clock_pb,
    }.get(name, profile_pb)
    kind = (
        grpc.unary_stream_rpc_method_handler
        if name.startswith("Stream")
        else grpc.unary_unary_rpc_method_handler
    )
    request = getattr(module, f"{name}Request")
    return kind(getattr(suite, name), request.FromString, lambda told: told.SerializeToString())


@pytest.fixture
def definitions(monkeypatch, tmp_path):
    """A folder of definitions, beside a suite that runs."""
    suite, server = Suite(), grpc.server(ThreadPoolExecutor(2))
    for service, names in SERVED.items():
        handlers = {name: handler(suite, name) for name in names}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for name in ("RETRIEVAL", "PROFILE", "SCENARIO"):
        monkeypatch.setenv(f"TOUCHPOINT_{name}_TARGETS", f"127.0.0.1:{port}")
    (tmp_path / "all.yaml").write_text(SCENARIOS, "utf-8")
    yield tmp_path
    server.stop(None).wait()


def simulated(folder, *arguments):
    return CliRunner().invoke(app, ["simulate", str(folder), "--scenarios", *arguments])


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_what_was_recorded_is_played_against_the_scenarios_of_a_folder(definitions, jobs):
    answer = simulated(definitions, "--history", "30d", "--jobs", jobs, "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["events"], told["people"], told["callsPerDay"]) == ("3", "2", 5)
    left = next(each for each in told["scenarios"] if each["report"]["scenario"] == "left_behind")
    assert left["report"]["entered"] == "2"


@pytest.mark.parametrize("by_file", [True, False])
def test_who_is_there_is_told_by_options_or_by_a_file(definitions, tmp_path, by_file):
    shifts = tmp_path / "shifts"
    shifts.write_text("- {agents: 2, skills: [sales], hours: 10-12}", "utf-8")
    asked = ["--agents", "2", "--skills", "sales", "--hours", "10-12"]
    if by_file:
        asked = ["--shifts", str(shifts)]
    answer = simulated(definitions, *asked, "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert told["shifts"] == [
        {"agents": 2, "skills": ["sales"], "fromMinute": 600, "toMinute": 720}
    ]
    assert told["callsPerDay"] == 2 * 6 * 6


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["--skills", "sales"], "say how many are there"),
        (["--agents", "2", "--hours", "17-9"], "--hours: '17-9' ends before it begins"),
        (["--agents", "2", "--shifts", "none.yaml"], "--shifts says it all"),
        (["--shifts", "none.yaml"], "there is no file none.yaml"),
    ],
)
def test_what_cannot_be_meant_of_agents_is_refused(definitions, asked, said):
    answer = simulated(definitions, *asked)
    assert isinstance(answer.exception, CommandError)
    assert said in str(answer.exception)
    assert answer.exception.code == Exit.USAGE


def test_agents_are_of_no_effect_on_what_was_decided(definitions):
    answer = CliRunner().invoke(app, ["simulate", str(definitions), "--agents", "2"])
    assert answer.exit_code == Exit.USAGE


def test_what_was_before_the_days_asked_for_begins_nothing(definitions):
    answer = simulated(definitions, "--history", "9d", "--json")
    told = json.loads(answer.stdout)
    assert (told["events"], told["eventsBefore"]) == ("1", "2")


def test_it_is_told_in_words(definitions):
    answer = simulated(definitions)
    assert answer.exit_code == 0
    assert "A cart left behind" in answer.stdout
    assert "Agents can make 5 calls a day" in " ".join(answer.stdout.split())


def test_a_scenario_that_there_is_not_is_refused_with_those_that_are_like_it(definitions):
    answer = simulated(definitions, "--scenario", "left_behnd")
    assert isinstance(answer.exception, CommandError)
    assert "there are left_behind" in str(answer.exception)


def filed(folder, *rows):
    """Write events of customers into a file: at which hour, by whom, and what else."""
    path = folder / "last_year.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, (hour, who, more) in enumerate(rows):
            time = datetime.fromtimestamp(NOON_US / 1e6 - 300 * 86_400 + hour * 3_600, UTC)
            said = {"event_id": f"e{number}", "type": "add_to_cart", "time": time.isoformat()}
            about = {"customer_id": who, "channel": "WEB", "item_id": "shoe", "value": "80.00"}
            file.write(json.dumps({**said, **about, **more}) + "\n")
    return str(path)


def test_events_of_a_file_are_played_in_place_of_those_recorded(definitions):
    """The suite answers to nothing that writes."""
    path = filed(definitions.parent, (0, ADA, {}), (30, EVE, {}), (80, BOB, {}), (300, BOB, {}))
    answer = simulated(definitions, "--events", path, "--json")
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.stdout)
    assert (told["events"], told["people"], told["callsPerDay"]) == ("4", "3", 5)
    left = next(each for each in told["scenarios"] if each["report"]["scenario"] == "left_behind")
    assert left["report"]["entered"] == "3"
    assert told["sinceTime"] < told["untilTime"] < "2026"
    assert any("what the suite recorded is not played" in each for each in told["caveats"])


def test_days_count_back_from_the_last_event_of_a_file(definitions):
    path = filed(definitions.parent, (0, ADA, {}), (240, EVE, {}), (300, BOB, {}))
    told = json.loads(simulated(definitions, "--events", path, "--history", "3d", "--json").stdout)
    assert (told["events"], told["eventsBefore"]) == ("2", "1")


def test_rows_that_cannot_be_played_are_told_by_number_and_the_others_are_played(definitions):
    path = filed(definitions.parent, (0, ADA, {}), (1, EVE, {"time": "noon"}), (2, BOB, {}))
    answer = simulated(definitions, "--events", path, "--json")
    assert answer.exit_code == Exit.FAILED
    assert "row 2, time: must be a time" in answer.stderr
    told = json.loads(answer.stdout)
    assert told["events"] == "2"
    assert any("1 of 3 rows" in each for each in told["caveats"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--events", "FILE", "--person-script", "ada.yaml"], "--events does nothing where one"),
        (["--events", "FILE", "--against", "b37ad7da79b0"], "--against does nothing where events"),
        (["--limit", "5"], "--limit does nothing where events are played"),
        (["--exploration", "0%"], "--exploration does nothing where events are played"),
    ],
)
def test_what_would_do_nothing_is_refused(definitions, arguments, message):
    path = filed(definitions.parent, (0, ADA, {}))
    answer = simulated(definitions, *(path if each == "FILE" else each for each in arguments))
    assert answer.exit_code == Exit.USAGE
    assert message in answer.stderr


def test_a_file_that_is_not_there_is_refused(definitions):
    answer = simulated(definitions, "--events", "nowhere.jsonl")
    assert isinstance(answer.exception, CommandError)
    assert "is not a file\nNothing was played" in str(answer.exception)


def test_a_file_without_an_event_that_counts_is_told_as_such(definitions):
    path = filed(definitions.parent, (0, ADA, {"type": "No Type"}))
    answer = simulated(definitions, "--events", path)
    assert isinstance(answer.exception, CommandError)
    assert "has no event that can be played" in str(answer.exception)

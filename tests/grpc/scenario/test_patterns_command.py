"""`touchpoint report patterns` against a server, as somebody at a terminal sees it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from typer.testing import CliRunner

from cli.main import app
from tests.unit.cli.test_patterns_shown import found, report
from touchpoint.common.v1 import clock_service_pb2 as clock_pb
from touchpoint.scenario.v1 import scenario_service_pb2 as pb

NOW_S = 1_790_000_000
DAY_S = 86_400


class Scenario:
    """The rpcs that the command calls."""

    def __init__(self):
        self.requests = []
        self.report = found()
        self.refuses = False

    def find(self, request, context):
        self.requests.append(request)
        if self.refuses:
            context.abort(grpc.StatusCode.ABORTED, "another search is under way: try again")
        yield pb.FindPatternsResponse(step="reading the event log", done=5, total=9)
        yield pb.FindPatternsResponse(report=self.report)

    def get_clock(self, request, context):
        return clock_pb.GetClockResponse(business_time=Timestamp(seconds=NOW_S))


@pytest.fixture
def scenario(monkeypatch):
    served, server = Scenario(), grpc.server(ThreadPoolExecutor(2))
    find = grpc.unary_stream_rpc_method_handler(
        served.find,
        pb.FindPatternsRequest.FromString,
        pb.FindPatternsResponse.SerializeToString,
    )
    clock = grpc.unary_unary_rpc_method_handler(
        served.get_clock,
        clock_pb.GetClockRequest.FromString,
        clock_pb.GetClockResponse.SerializeToString,
    )
    for service, handlers in (
        ("touchpoint.scenario.v1.ScenarioService", {"FindPatterns": find}),
        ("touchpoint.common.v1.ClockService", {"GetClock": clock}),
    ):
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("TOUCHPOINT_SCENARIO_TARGETS", f"127.0.0.1:{port}")
    yield served
    server.stop(None).wait()


def patterns(*arguments):
    return CliRunner().invoke(app, ["report", "patterns", *arguments])


def test_findings_are_shown_of_the_days_asked_for(scenario):
    answer = patterns("--history", "7d", "--limit", "5")
    assert answer.exit_code == 0
    told = " ".join(answer.stdout.split())  # lines are as wide as the terminal
    assert "2,405 visits of 400 people" in told
    assert "98.6%" in told
    [request] = scenario.requests
    assert (request.since_time.seconds, request.at_most) == (NOW_S - 7 * DAY_S, 5)


def test_a_scenario_to_start_from_is_printed_as_it_is_and_nothing_else(scenario):
    answer = patterns("--skeleton", "1")
    assert (answer.exit_code, answer.stdout) == (0, "scenarios: # one <b>\n")
    assert patterns("--skeleton", "3").stdout == "three"


def test_a_number_that_no_finding_has_is_refused(scenario):
    answer = patterns("--skeleton", "4")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "from 1 to 3" in answer.stderr
    scenario.report = report()
    answer = patterns("--skeleton", "1")
    assert answer.exit_code == 1
    assert "nothing was found" in answer.stderr


def test_as_json_it_is_one_line(scenario):
    [line] = patterns("--json").stdout.splitlines()
    assert json.loads(line)["sequences"][0]["people"] == "65"


def test_a_page_is_written_and_a_folder_that_is_not_there_told(scenario, tmp_path):
    answer = patterns("--html", str(tmp_path / "patterns.html"))
    assert answer.exit_code == 0
    assert "<h2>What ends in leaving</h2>" in (tmp_path / "patterns.html").read_text("utf-8")
    answer = patterns("--html", str(tmp_path / "nowhere" / "patterns.html"))
    assert answer.exit_code == 1
    assert "No such file" in answer.stderr


def test_a_refusal_is_told_in_words(scenario):
    scenario.refuses = True
    answer = patterns()
    assert answer.exit_code == 1
    assert "another search is under way: try again" in answer.stderr


def test_days_that_are_none_are_refused(scenario):
    assert patterns("--history", "soon").exit_code == 2
    assert not scenario.requests

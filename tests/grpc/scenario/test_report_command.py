"""`touchpoint report scenario`, as somebody at a terminal sees it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import grpc
import pytest
from typer.testing import CliRunner

from cli.main import app
from touchpoint.common.v1.clock_service_pb2 import GetClockRequest, GetClockResponse
from touchpoint.scenario.v1.reports_pb2 import (
    GetScenarioReportRequest,
    GetScenarioReportResponse,
    ScenarioReport,
    StageReport,
)

NOON = datetime(2026, 11, 23, 12)
CART = ScenarioReport(
    scenario="abandoned_cart",
    defined=True,
    began=3,
    entered=2,
    stages=[StageReport(stage="web_offer", does="proposes come_back", here=2)],
)


class Services:
    """The rpcs that the command calls; one scenario is known."""

    def __init__(self):
        self.requests = []

    def report(self, request, context):
        self.requests.append(request)
        if request.scenario not in ("", CART.scenario):
            told = f"there is no scenario {request.scenario}; known are abandoned_cart"
            context.abort(grpc.StatusCode.NOT_FOUND, told)
        found = GetScenarioReportResponse(scenarios=[CART], since_time=request.since_time)
        found.until_time.FromDatetime(NOON)
        return found

    def clock(self, request, context):
        answer = GetClockResponse()
        answer.business_time.FromDatetime(NOON)
        return answer


@pytest.fixture
def services(monkeypatch, tmp_path):
    served = Services()
    server = grpc.server(ThreadPoolExecutor(2))
    for service, name, function, request in (
        (
            *("touchpoint.scenario.v1.ScenarioService", "GetScenarioReport", served.report),
            GetScenarioReportRequest,
        ),
        ("touchpoint.common.v1.ClockService", "GetClock", served.clock, GetClockRequest),
    ):
        made = grpc.unary_unary_rpc_method_handler(
            function, request.FromString, lambda answer: answer.SerializeToString()
        )
        handler = grpc.method_handlers_generic_handler(service, {name: made})
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("TOUCHPOINT_SCENARIO_TARGETS", f"127.0.0.1:{port}")
    monkeypatch.chdir(tmp_path)
    yield served
    server.stop(None).wait()


def reported(*arguments):
    return CliRunner().invoke(app, ["report", "scenario", *arguments], env={"COLUMNS": "160"})


def test_without_a_name_all_are_told(services):
    answer = reported("--since", "7d")
    assert answer.exit_code == 0, answer.output
    assert "Began 2026-11-16 12:00 to 2026-11-23 12:00 UTC" in answer.stdout
    (request,) = services.requests
    assert request.scenario == ""
    assert request.since_time.ToDatetime() == datetime(2026, 11, 16, 12)


def test_a_scenario_is_told_and_drawn_where_nothing_else_is_said(services, tmp_path):
    answer = reported("abandoned_cart", "--draw")
    assert answer.exit_code == 0, answer.output
    assert "2 entered of 3 that began" in answer.stdout
    assert "The picture is in scenario-abandoned_cart.svg." in answer.stderr
    assert "web_offer" in (tmp_path / "scenario-abandoned_cart.svg").read_text()


def test_it_is_drawn_into_the_file_that_is_named_and_machines_are_told_beside(services, tmp_path):
    answer = reported("abandoned_cart", "--draw", "new/flow.svg", "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["scenarios"][0]["scenario"] == "abandoned_cart"
    assert (tmp_path / "new" / "flow.svg").read_text().startswith("<svg")


def test_an_unknown_name_is_answered_with_the_nearest_and_nothing_is_drawn(services, tmp_path):
    answer = reported("abandoned_cat", "--draw")
    assert answer.exit_code == 1
    assert "there is no scenario abandoned_cat; known are abandoned_cart" in answer.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--draw"], "say which, touchpoint report scenario NAME --draw"),
        (["--draw", "flow.svg"], "say which, touchpoint report scenario NAME --draw"),
        (["abandoned_cart", "flow.svg"], "flow.svg: a file is written with --draw only"),
        (["abandoned_cart", "--draw", "flow.pdf"], "a file that ends with .svg or .png"),
        (["abandoned_cart", "--since", "soon"], "say how many days"),
    ],
)
def test_what_cannot_be_meant_ends_with_what_to_do(services, arguments, said):
    answer = reported(*arguments)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert not services.requests

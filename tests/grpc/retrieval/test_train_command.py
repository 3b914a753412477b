"""`touchpoint train` against a server, as somebody at a terminal sees it."""

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from typer.testing import CliRunner

from cli.commands.train import parse_days
from cli.main import app
from touchpoint.common.v1 import clock_service_pb2 as clock_pb
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import TrainingProgress, TrainingReport, TrainingTrial

NOW_S = 1_790_000_000
REPORT = TrainingReport(
    model="0123456789abcdef",
    persons=2536,
    items=561,
    pairs=18345,
    dimensions=64,
    regularisation=0.001,
    unobserved_weight=0.1,
    spent_s=16.2,
    trials=[
        TrainingTrial(regularisation=0.001, unobserved_weight=0.1, ndcg10=0.1207),
        TrainingTrial(regularisation=0.003, unobserved_weight=0.3, ndcg10=0.1075),
    ],
)


class Retrieval:
    """The rpcs that the command calls."""

    def __init__(self):
        self.requests = []
        self.report = REPORT
        self.refuses = False

    def train(self, request, context):
        self.requests.append(request)
        if self.refuses:
            context.abort(grpc.StatusCode.ABORTED, "another training is under way")
        yield pb.TrainResponse(progress=TrainingProgress(step="trying settings", share_done=0.5))
        yield pb.TrainResponse(report=self.report)

    def get_clock(self, request, context):
        return clock_pb.GetClockResponse(business_time=Timestamp(seconds=NOW_S))


@pytest.fixture
def retrieval(monkeypatch):
    served = Retrieval()
    train = grpc.unary_stream_rpc_method_handler(
        served.train, pb.TrainRequest.FromString, pb.TrainResponse.SerializeToString
    )
    clock = grpc.unary_unary_rpc_method_handler(
        served.get_clock,
        clock_pb.GetClockRequest.FromString,
        clock_pb.GetClockResponse.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(2))
    for service, handlers in (
        ("touchpoint.retrieval.v1.RetrievalService", {"Train": train}),
        ("touchpoint.common.v1.ClockService", {"GetClock": clock}),
    ):
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("TOUCHPOINT_RETRIEVAL_TARGETS", f"127.0.0.1:{port}")
    yield served
    server.stop(None).wait()


def train(*arguments):
    return CliRunner().invoke(app, ["train", *arguments])


def test_the_report_tells_what_was_tried_and_what_came_of_it(retrieval):
    answer = train()
    assert answer.exit_code == 0
    for told in ("0.1207", "0.1075", "18,345", "2,536", "561", "0123456789abcdef", "16.2 s"):
        assert told in answer.stdout
    [request] = retrieval.requests
    assert not request.HasField("since_time")


def test_days_are_counted_back_from_the_time_of_the_suite(retrieval):
    assert train("--since", "180d", "--seed", "7").exit_code == 0
    [request] = retrieval.requests
    assert (request.since_time.seconds, request.seed) == (NOW_S - 180 * 86_400, 7)


def test_machines_get_one_line_of_json(retrieval):
    answer = train("--json")
    [line] = answer.stdout.splitlines()
    told = json.loads(line)
    assert (told["model"], told["trials"][1]["ndcg10"]) == (REPORT.model, pytest.approx(0.1075))


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_nothing_trained_is_a_failure_with_its_reason(retrieval, arguments):
    retrieval.report = TrainingReport(refusal="there are 3 persons, and 20 are needed")
    answer = train(*arguments)
    assert answer.exit_code == 1
    assert "Nothing was trained: there are 3 persons" in answer.stderr
    assert ("refusal" in answer.stdout) == bool(arguments)


def test_a_training_under_way_is_told_and_a_failure(retrieval):
    retrieval.refuses = True
    answer = train()
    assert answer.exit_code == 1
    assert "another training is under way" in answer.stderr


@pytest.mark.parametrize("text", ["180", "0d", "d", "-3d", "1.5d", "999999d", "soon"])
def test_other_spans_than_days_are_a_wrong_use(retrieval, text):
    answer = train(f"--since={text}")
    assert answer.exit_code == 2
    assert "180d" in answer.stderr
    assert not retrieval.requests


def test_a_span_is_read_in_days():
    assert parse_days("45d").days == 45


def test_nobody_at_the_address_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setenv("TOUCHPOINT_RETRIEVAL_TARGETS", "127.0.0.1:1")
    answer = train()
    assert answer.exit_code == 3
    assert "touchpoint up" in answer.stderr

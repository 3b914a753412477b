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
from touchpoint.common.v1.persona_pb2 import Persona
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.personas_pb2 import Distinction, PersonaProposal, PersonaProposals
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
PROPOSALS = PersonaProposals(
    people=500,
    unassigned=7,
    telling=["categories"],
    proposals=[
        PersonaProposal(
            persona=Persona(persona="running", title="Running", weight=0.086),
            people=43,
            distinctions=[
                Distinction(
                    family="categories", value="Running", share=0.61, rest_share=0.097, lift=6.3
                )
            ],
        )
    ],
)


class Retrieval:
    """The rpcs that the command calls."""

    def __init__(self):
        self.requests = []
        self.report = REPORT
        self.refuses = False
        self.proposals = PROPOSALS

    def train(self, request, context):
        self.requests.append(request)
        if self.refuses:
            context.abort(grpc.StatusCode.ABORTED, "another training is under way")
        yield pb.TrainResponse(progress=TrainingProgress(step="trying settings", share_done=0.5))
        yield pb.TrainResponse(report=self.report)

    def train_personas(self, request, context):
        self.requests.append(request)
        yield profile_pb.TrainPersonasResponse(step="looking for 3 kinds", share_done=0.5)
        yield profile_pb.TrainPersonasResponse(proposals=self.proposals)

    def get_clock(self, request, context):
        return clock_pb.GetClockResponse(business_time=Timestamp(seconds=NOW_S))


@pytest.fixture
def retrieval(monkeypatch):
    served = Retrieval()
    train = grpc.unary_stream_rpc_method_handler(
        served.train, pb.TrainRequest.FromString, pb.TrainResponse.SerializeToString
    )
    personas = grpc.unary_stream_rpc_method_handler(
        served.train_personas,
        profile_pb.TrainPersonasRequest.FromString,
        profile_pb.TrainPersonasResponse.SerializeToString,
    )
    clock = grpc.unary_unary_rpc_method_handler(
        served.get_clock,
        clock_pb.GetClockRequest.FromString,
        clock_pb.GetClockResponse.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(2))
    for service, handlers in (
        ("touchpoint.retrieval.v1.RetrievalService", {"Train": train}),
        ("touchpoint.profile.v1.ProfileService", {"TrainPersonas": personas}),
        ("touchpoint.common.v1.ClockService", {"GetClock": clock}),
    ):
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for name in ("RETRIEVAL", "PROFILE"):
        monkeypatch.setenv(f"TOUCHPOINT_{name}_TARGETS", f"127.0.0.1:{port}")
    yield served
    server.stop(None).wait()


def train(*arguments):
    return CliRunner().invoke(app, ["train", *arguments])


def test_the_report_tells_what_was_tried_and_what_came_of_it(retrieval):
    answer = train()
    assert answer.exit_code == 0
    for told in ("0.1207", "0.1075", "18,345", "2,536", "561", "0123456789abcdef", "16.2 s"):
        assert told in answer.stdout
    request, _ = retrieval.requests
    assert not request.HasField("since_time")


def test_days_are_counted_back_from_the_time_of_the_suite(retrieval):
    assert train("--since", "180d", "--seed", "7").exit_code == 0
    request, about_personas = retrieval.requests
    assert (request.since_time.seconds, request.seed) == (NOW_S - 180 * 86_400, 7)
    assert about_personas.seed == 7


def test_machines_get_one_line_of_json(retrieval):
    answer = train("--json")
    [line] = answer.stdout.splitlines()
    told = json.loads(line)
    assert (told["model"], told["trials"][1]["ndcg10"]) == (REPORT.model, pytest.approx(0.1075))
    assert told["personas"]["proposals"][0]["persona"]["persona"] == "running"


def test_personas_are_told_with_their_people_and_what_distinguishes_them(retrieval):
    answer = train("--only", "personas")
    assert answer.exit_code == 0
    for told in ("running", "43", "8.6%", "Running", "61.0%", "9.7%", "6.3", "500 people"):
        assert told in answer.stdout
    assert [type(request) for request in retrieval.requests] == [profile_pb.TrainPersonasRequest]


def test_too_few_people_for_personas_fail_only_who_asked_for_nothing_else(retrieval):
    retrieval.proposals = PersonaProposals(refusal="only 3 people have shown interests")
    assert train().exit_code == 0
    alone = train("--only", "personas")
    assert alone.exit_code == 1
    assert "only 3 people have shown interests" in alone.stderr


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

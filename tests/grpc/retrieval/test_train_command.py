"""`touchpoint train` against a server, as somebody at a terminal sees it."""

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from typer.testing import CliRunner

from cli.commands.train import parse_days
from cli.console import people
from cli.main import app
from touchpoint.common.v1 import clock_service_pb2 as clock_pb
from touchpoint.common.v1.persona_pb2 import Persona
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.personas_pb2 import Distinction, PersonaProposal, PersonaProposals
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import (
    IndexReport,
    KeptModel,
    Measured,
    RankingQuality,
    TrainingComparison,
    TrainingCoverage,
    TrainingDrift,
    TrainingProgress,
    TrainingReport,
    TrainingSchedule,
    TrainingStep,
    TrainingTrial,
)

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
    indexes=[
        IndexReport(name="persons", kind="exact", vectors=2536, dimensions=64, recall_200=1.0),
        IndexReport(
            name="taste",
            kind="lists of 8 bit numbers",
            vectors=1_000_000,
            dimensions=64,
            lists=4000,
            scanned=4567,
            recall_200=0.9857,
            recall_200_filtered=0.9831,
            index_bytes=75_600_000,
            build_s=26.4,
            search_ms=0.213,
        ),
    ],
)
QUALITY = RankingQuality(
    ndcg10=Measured(value=0.41, at_least=0.4, at_most=0.42),
    recall100=Measured(value=0.5, at_least=0.4, at_most=0.6),
)
COMPARED = TrainingReport(
    comparison=TrainingComparison(
        before_model="ffff",
        persons=812,
        before=QUALITY,
        after=QUALITY,
        change=Measured(value=-0.031, at_least=-0.05, at_most=-0.01),
    ),
    coverage=TrainingCoverage(items=0.5, active_persons=0.9, proposed_items=0.1),
    drift=TrainingDrift(categories=0.3, neighbours_kept=0.8, tastes_kept=0.7),
    steps=[TrainingStep(step="reading titles", spent_s=1.25)],
)
COMPARED.MergeFrom(REPORT)
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
        self.served = REPORT

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

    def get_model(self, request, context):
        return pb.GetModelResponse(model=self.served.model, report=self.served)

    def list_models(self, request, context):
        newest = KeptModel(model="ffff", is_withdrawn=True, trained_time=Timestamp(seconds=NOW_S))
        schedule = TrainingSchedule(rests="the newest model was taken back", outcome="left out")
        older = KeptModel(model=REPORT.model, is_served=True, report=COMPARED)
        return pb.ListModelsResponse(models=[newest, older], schedule=schedule)

    def roll_back(self, request, context):
        self.requests.append(request)
        if request.model == "none":
            context.abort(grpc.StatusCode.NOT_FOUND, "no model none is kept")
        return pb.RollBackModelResponse(model=KeptModel(model=REPORT.model), former_model="ffff")

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
    models = {
        rpc: grpc.unary_unary_rpc_method_handler(
            handler,
            getattr(pb, f"{rpc}Request").FromString,
            getattr(pb, f"{rpc}Response").SerializeToString,
        )
        for rpc, handler in (
            ("GetModel", served.get_model),
            ("ListModels", served.list_models),
            ("RollBackModel", served.roll_back),
        )
    }
    server = grpc.server(ThreadPoolExecutor(2))
    for service, handlers in (
        ("touchpoint.retrieval.v1.RetrievalService", {"Train": train, **models}),
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


def test_the_report_tells_how_each_index_searches_and_what_it_finds(retrieval, monkeypatch):
    monkeypatch.setattr(people, "_width", 160)
    answer = train()
    for told in (
        "1,000,000 × 64",
        "4,567 or more",
        "0.986",
        "0.983",
        "0.21 ms",
        "75.6 MB",
        "26.4 s",
    ):
        assert told in answer.stdout
    assert "2,536 × 64" in answer.stdout


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


def test_the_report_of_what_is_served_compares_covers_and_times(retrieval):
    retrieval.served = COMPARED
    answer = train("--report")
    assert answer.exit_code == 0
    told = ("0.4100", "812 people changed by -3.1%", "90.0%", "0.300, much", "80.0%", "1.2")
    for part in told:
        assert part in answer.stdout
    assert not retrieval.requests
    assert json.loads(train("--report", "--json").stdout)["report"]["comparison"]["persons"] == 812


def test_before_the_first_training_there_is_no_report(retrieval):
    retrieval.served = TrainingReport()
    answer = train("--report")
    assert answer.exit_code == 1
    assert "touchpoint train" in answer.stderr


def test_models_are_listed_with_what_became_of_them_and_of_the_schedule(retrieval):
    answer = train("--list")
    for part in ("ffff", "taken back", REPORT.model, "served", "-3.1%", "trained by itself"):
        assert part in answer.stdout
    assert len(json.loads(train("--list", "--json").stdout)["models"]) == 2


def test_a_model_is_rolled_back_by_name_or_to_the_one_before(retrieval):
    assert f"{REPORT.model} of" in train("--rollback").stdout
    assert train("--rollback", "0123").exit_code == 0
    assert [request.model for request in retrieval.requests] == ["", "0123"]
    refused = train("--rollback", "none")
    assert (refused.exit_code, "no model none" in refused.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [["--report", "--list"], ["abcd"], ["--list", "--rollback"]])
def test_what_does_not_go_together_is_a_wrong_use(retrieval, arguments):
    assert train(*arguments).exit_code == 2
    assert not retrieval.requests


def test_a_worse_model_is_told_with_its_figures_and_may_be_forced(retrieval):
    retrieval.report = TrainingReport(refusal="it is worse: use --force", is_worse=True)
    retrieval.report.MergeFrom(COMPARED)
    answer = train()
    assert answer.exit_code == 1
    assert "Nothing was replaced: it is worse" in answer.stderr
    assert "-3.1%" in answer.stdout
    retrieval.report = TrainingReport(is_worse=True, is_forced=True)
    assert "because of --force" in train("--force", "--only", "models").stdout
    assert retrieval.requests[-1].force


def test_nobody_at_the_address_is_told_with_what_to_do(monkeypatch):
    monkeypatch.setenv("TOUCHPOINT_RETRIEVAL_TARGETS", "127.0.0.1:1")
    answer = train()
    assert answer.exit_code == 3
    assert "touchpoint up" in answer.stderr

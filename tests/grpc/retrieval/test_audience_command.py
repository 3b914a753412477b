"""`touchpoint report audience --alike` against a server, as somebody at a terminal sees it."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from typer.testing import CliRunner

from cli.main import app
from touchpoint.common.v1 import clock_service_pb2 as clock_pb
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.retrieval.v1 import retrieval_service_pb2 as pb
from touchpoint.retrieval.v1.retrieval_pb2 import (
    LackedCategory,
    Lookalike,
    LookalikesProgress,
    LookalikesSummary,
)

NOW_S = 1_790_000_000
SUMMARY = LookalikesSummary(seed_known=40, people=900, found=2, way="centroid", separation=0.93)
LACK = LackedCategory(category="Drinks > [Wine]", seed_share=0.8, other_share=0.25)
FOUND = [
    Lookalike(person_id="p-1", score=0.975, weeks=8.2, lacks=[LACK, LACK]),
    Lookalike(person_id="p-2", score=0.5, weeks=52.0, is_member=True),
]


class Retrieval:
    """The rpcs that the command calls."""

    def __init__(self):
        self.requests = []
        self.refuses = False

    def find(self, request, context):
        self.requests.append(request)
        if self.refuses:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "of 1 of the seed anything is known")
        yield pb.FindLookalikesResponse(progress=LookalikesProgress(step="reading", events=9))
        yield pb.FindLookalikesResponse(summary=SUMMARY)
        for person in FOUND:
            yield pb.FindLookalikesResponse(people=[person])

    def name(self, request, context):
        known = [profile_pb.NamedCustomer(person_id=each) for each in request.person_ids]
        return profile_pb.NameCustomersResponse(customers=known)

    def who(self, request, context):
        return profile_pb.FindCustomersResponse(person_ids=request.customer_ids)

    def get_clock(self, request, context):
        return clock_pb.GetClockResponse(business_time=Timestamp(seconds=NOW_S))


@pytest.fixture
def retrieval(monkeypatch):
    served = Retrieval()
    find = grpc.unary_stream_rpc_method_handler(
        served.find,
        pb.FindLookalikesRequest.FromString,
        pb.FindLookalikesResponse.SerializeToString,
    )
    clock = grpc.unary_unary_rpc_method_handler(
        served.get_clock,
        clock_pb.GetClockRequest.FromString,
        clock_pb.GetClockResponse.SerializeToString,
    )
    name = grpc.unary_unary_rpc_method_handler(
        served.name,
        profile_pb.NameCustomersRequest.FromString,
        profile_pb.NameCustomersResponse.SerializeToString,
    )
    who = grpc.unary_unary_rpc_method_handler(
        served.who,
        profile_pb.FindCustomersRequest.FromString,
        profile_pb.FindCustomersResponse.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(2))
    for service, handlers in (
        ("touchpoint.retrieval.v1.RetrievalService", {"FindLookalikes": find}),
        ("touchpoint.profile.v1.ProfileService", {"NameCustomers": name, "FindCustomers": who}),
        ("touchpoint.common.v1.ClockService", {"GetClock": clock}),
    ):
        handler = grpc.method_handlers_generic_handler(service, handlers)
        server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    monkeypatch.setenv("TOUCHPOINT_RETRIEVAL_TARGETS", f"127.0.0.1:{port}")
    monkeypatch.setenv("TOUCHPOINT_PROFILE_TARGETS", f"127.0.0.1:{port}")
    yield served
    server.stop(None).wait()


def audience(*arguments):
    return CliRunner().invoke(app, ["report", "audience", *arguments], env={"COLUMNS": "160"})


def test_people_are_shown_with_their_scores_and_what_they_lack(retrieval):
    answer = audience("best_customers", "--alike", "500", "--min-weeks", "4", "--since", "10d")
    assert answer.exit_code == 0
    for part in ("2 people of 900", "40", "93%", "p-1", "0.975", "8 weeks"):
        assert part in answer.stdout
    assert "Drinks > [Wine] (80%, 25%)" in answer.stdout
    [request] = retrieval.requests
    asked = (request.segment, request.limit, request.least_weeks, request.lacks)
    assert asked == ("best_customers", 500, 4.0, 3)
    assert request.since_time.seconds == NOW_S - 10 * 86_400


def test_redeemers_and_people_on_a_list_are_seeds_too(retrieval, tmp_path):
    ids = tmp_path / "ids.csv"
    ids.write_text('p-7,0.9\n\n"p-8"\n')
    options = ("--did", "accept", "--offer", "coupon", "--persons", str(ids), "--with-seed")
    assert audience("--alike", "5", *options).exit_code == 0
    [request] = retrieval.requests
    assert (request.event_type, request.offer_id, request.with_seed) == ("accept", "coupon", True)
    assert list(request.person_ids) == ["p-7", "p-8"]


def test_all_of_them_are_written_to_a_file_for_other_systems(retrieval, tmp_path):
    file = tmp_path / "alike.csv"
    assert audience("best", "--alike", "5", "--csv", str(file)).exit_code == 0
    with file.open(newline="") as lines:
        first, second = csv.DictReader(lines)
    assert (first["person_id"], first["score"]) == ("p-1", "0.975000")
    assert first["lacks"] == "Drinks > [Wine]; Drinks > [Wine]"
    assert second["is_member"] == "true"


def test_machines_get_one_line_of_json(retrieval):
    [line] = audience("best", "--alike", "5", "--json").stdout.splitlines()
    told = json.loads(line)
    assert told["summary"]["way"] == "centroid"
    assert [each["isMember"] for each in told["lookalikes"]] == [False, True]


@pytest.mark.parametrize(
    "arguments",
    [[], ["best", "--when", "true"], ["--offer", "coupon", "best"], ["--persons", "no such file"]],
)
def test_a_seed_that_cannot_be_meant_is_a_wrong_use(retrieval, arguments):
    answer = audience("--alike", "5", *arguments)
    assert answer.exit_code == 2
    assert not retrieval.requests


def test_a_refusal_is_told(retrieval):
    retrieval.refuses = True
    answer = audience("best", "--alike", "5")
    assert answer.exit_code == 1
    assert "of 1 of the seed" in answer.stderr


def test_a_file_that_cannot_be_written_is_told(retrieval, tmp_path):
    answer = audience("best", "--alike", "5", "--csv", str(tmp_path / "none" / "file.csv"))
    assert answer.exit_code == 2
    assert "file.csv" in answer.stderr

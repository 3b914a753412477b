"""Look-alikes as they are asked for, named as other systems know them, shown and written."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from typer.testing import CliRunner

from cli.console import people
from cli.main import app
from touchpoint.profile.v1 import profile_service_pb2 as profile
from touchpoint.profile.v1 import profile_service_pb2_grpc as profile_grpc
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval
from touchpoint.retrieval.v1 import retrieval_service_pb2_grpc as retrieval_grpc
from touchpoint.retrieval.v1.retrieval_pb2 import LackedCategory, Lookalike, LookalikesSummary

run = CliRunner()
PERSON = "01890000-0000-7000-8000-0000000000{:02}"
PEOPLE = 25
GONE = PERSON.format(3)
"""Erased since the log was read."""
SHARES = {PERSON.format(number) for number in (1, 2, 9)}


class Profile(profile_grpc.ProfileServiceServicer):
    """Knows who is a customer: of person 1 the ids are 1001 and 2001, of 2 none."""

    def __init__(self):
        self.named = []

    def NameCustomers(self, request, context):  # noqa: N802 as the stub's
        self.named.extend(request.person_ids)
        ids = {PERSON.format(1): ["1001", "2001"], PERSON.format(2): []}
        return profile.NameCustomersResponse(
            customers=[
                profile.NamedCustomer(person_id=each, customer_ids=ids.get(each, ["c"]))
                for each in request.person_ids
                if each != GONE and (each in SHARES or not request.only_sharing)
            ]
        )

    def FindCustomers(self, request, context):  # noqa: N802 as the stub's
        known = {"1001": PERSON.format(1), "1002": PERSON.format(2)}
        return profile.FindCustomersResponse(
            person_ids=[known.get(each, "") for each in request.customer_ids]
        )


class Retrieval(retrieval_grpc.RetrievalServiceServicer):
    """Finds the same people, whoever asks."""

    def __init__(self):
        self.requests = []

    def FindLookalikes(self, request, context):  # noqa: N802 as the stub's
        self.requests.append(request)
        summary = LookalikesSummary(found=PEOPLE, people=100, seed_known=9, way="centroid")
        yield retrieval.FindLookalikesResponse(summary=summary)
        lacks = [LackedCategory(category="Drinks > Wine", seed_share=1.0)]
        people = [
            Lookalike(person_id=PERSON.format(number), score=1.0 - number / 100, lacks=lacks)
            for number in range(1, PEOPLE + 1)
        ]
        yield retrieval.FindLookalikesResponse(people=people)


@pytest.fixture
def services(monkeypatch):
    server = grpc.server(ThreadPoolExecutor(2))
    found = Profile(), Retrieval()
    profile_grpc.add_ProfileServiceServicer_to_server(found[0], server)
    retrieval_grpc.add_RetrievalServiceServicer_to_server(found[1], server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    monkeypatch.setenv("TOUCHPOINT_PROFILE_TARGETS", address)
    monkeypatch.setenv("TOUCHPOINT_RETRIEVAL_TARGETS", address)
    server.start()
    yield found
    server.stop(None).wait()


def report(*options):
    return run.invoke(app, ["report", "audience", *map(str, options)])


def test_only_who_is_shown_is_named_and_who_is_gone_is_left_out(services, monkeypatch):
    monkeypatch.setattr(people, "_width", 160)
    answer = report("best", "--alike", 25)
    assert answer.exit_code == 0, answer.output
    assert "customer 1001, customer 2001" in answer.stdout
    assert f"visitor {PERSON.format(2)}" in answer.stdout
    assert GONE not in answer.stdout
    assert services[0].named == [PERSON.format(number) for number in range(1, 21)]


def test_a_file_and_json_have_all_of_them_under_customer_ids(services, tmp_path):
    path = tmp_path / "like.csv"
    answer = report("best", "--alike", 25, "--csv", path, "--in-house", "--json")
    assert answer.exit_code == 0, answer.output
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert (rows[0]["customer_ids"], rows[0]["lacks"]) == ("1001; 2001", "Drinks > Wine")
    assert len(rows) == PEOPLE - 1
    told = json.loads(answer.stdout)["lookalikes"]
    assert (told[0]["customerIds"], told[1]["customerIds"]) == (["1001", "2001"], [])
    assert len(told) == PEOPLE - 1
    assert [each.name for each in tmp_path.iterdir()] == ["like.csv"]


def test_a_file_that_may_leave_the_house_has_only_who_agreed_to_sharing(services, tmp_path):
    path = tmp_path / "like.csv"
    answer = report("best", "--alike", 25, "--csv", path)
    assert answer.exit_code == 0, answer.output
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert {row["person_id"] for row in rows} == SHARES
    assert "3 of 25 written" in answer.stdout
    assert "--in-house" in answer.stdout


def test_in_house_is_about_a_file(services):
    answer = report("best", "--alike", 25, "--in-house")
    assert answer.exit_code == 2
    assert "--in-house: goes with --csv FILE" in answer.output


def test_a_file_of_customer_ids_or_persons_is_the_seed_whatever_its_head_says(services, tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text(f'customer,name\n1001,Ada\n"1002",Bob\n{PERSON.format(9)}\n9999\n')
    answer = report("--alike", 25, "--persons", path)
    assert answer.exit_code == 0, answer.output
    [request] = services[1].requests
    assert list(request.person_ids) == [PERSON.format(number) for number in (1, 2, 9)]
    assert "nobody is known by 1 id, such as 9999" in answer.output


def test_a_file_that_cannot_be_written_is_told_before_the_work(services, tmp_path):
    for path in (tmp_path, tmp_path / "nowhere" / "like.csv"):
        answer = report("best", "--alike", 25, "--csv", path)
        assert answer.exit_code == 2
        assert f"--csv {path}" in answer.output
    assert not services[1].requests


@pytest.mark.parametrize(
    "options",
    [
        ("--did", "accept"),
        ("--offer", "coupon"),
        ("--persons", "ids.txt"),
        ("--min-weeks", "0"),
        ("--with-seed",),
        ("--lacks", "3"),
        ("--since", "90d"),
    ],
)
def test_what_goes_with_look_alikes_alone_is_refused_without_them(options):
    answer = report("best_customers", *options)
    assert answer.exit_code == 2
    assert f"{options[0]} goes with --alike N" in answer.output


@pytest.mark.parametrize("options", [("--sample", "3"), ("--random",), ("--when", "true")])
def test_what_goes_without_look_alikes_is_refused_with_them(options):
    answer = report("best_customers", "--alike", 5, *options)
    assert answer.exit_code == 2
    assert f"{options[0]} goes without --alike" in answer.output

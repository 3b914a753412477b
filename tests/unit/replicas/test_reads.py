"""What may be asked twice is declared with the rpc, and nothing that writes is."""

from __future__ import annotations

import re

import pytest

from shared.replicas.reads import may_be_asked_twice
from touchpoint.profile.v1 import profile_service_pb2
from touchpoint.ranker.v1 import ranker_service_pb2
from touchpoint.retrieval.v1 import retrieval_service_pb2
from touchpoint.rules.v1 import rules_service_pb2
from touchpoint.scenario.v1 import scenario_service_pb2

MODULES = (
    profile_service_pb2,
    ranker_service_pb2,
    retrieval_service_pb2,
    rules_service_pb2,
    scenario_service_pb2,
)
RPCS = [
    f"/{service.full_name}/{method.name}"
    for module in MODULES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
READS = re.compile(r"^(Get|List|Check|Rank|Retrieve)")
PIPELINE = ("GetSnapshot", "Retrieve", "GetDue", "Check", "Rank")


def rpc(name: str) -> str:
    (found,) = (each for each in RPCS if each.endswith(f"/{name}"))
    return found


@pytest.mark.parametrize("name", PIPELINE)
def test_every_step_of_a_decision_but_the_last_may_be_asked_twice(name):
    assert may_be_asked_twice(rpc(name))


@pytest.mark.parametrize(
    "name",
    ["Commit", "RecordEvents", "ReserveContact", "NextQuestion", "ClaimTask", "GetActiveBundle"],
)
def test_what_writes_may_not(name):
    assert not may_be_asked_twice(rpc(name))


@pytest.mark.parametrize("name", ["GetProfile", "ListClients", "ReachPerson", "NameCustomers"])
def test_what_is_noted_in_the_audit_trail_may_not(name):
    assert not may_be_asked_twice(rpc(name))


def test_only_what_is_called_a_read_is_declared_as_one():
    declared = [name for name in RPCS if may_be_asked_twice(name)]
    assert [name for name in declared if not READS.match(name.rpartition("/")[2])] == []


def test_of_what_is_not_known_nothing_is_asked_twice():
    assert not may_be_asked_twice("/touchpoint.nobody.v1.NobodyService/Get")

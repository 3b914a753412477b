"""The five services behind the edge, each over its one channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.service import Runtime
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

if TYPE_CHECKING:
    from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceAsyncStub
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub
    from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceAsyncStub


PEERS = ("profile", "retrieval", "rules", "ranker", "scenario")


@dataclass(frozen=True, slots=True)
class Peers:
    """Stubs of all services."""

    profile: ProfileServiceAsyncStub
    retrieval: RetrievalServiceAsyncStub
    rules: RulesServiceAsyncStub
    ranker: RankerServiceAsyncStub
    scenario: ScenarioServiceAsyncStub

    @classmethod
    def over(cls, runtime: Runtime) -> Peers:
        """Return stubs on the channels of a process."""
        profile, retrieval, rules, ranker, scenario = map(runtime.channel, PEERS)
        return cls(
            ProfileServiceStub(profile),
            RetrievalServiceStub(retrieval),
            RulesServiceStub(rules),
            RankerServiceStub(ranker),
            ScenarioServiceStub(scenario),
        )

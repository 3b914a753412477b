"""What the services behind the edge answered about a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from services.aggregator.domain.steps import Outcome
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.stepping import OUTCOMES
from shared.budget import Budget
from shared.call import Call
from shared.client import invoke
from shared.errors import TouchpointError
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.profile.v1.profile_service_pb2 import GetProfileResponse
from touchpoint.rules.v1.rules_service_pb2 import GetContactsResponse
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysResponse

if TYPE_CHECKING:
    import grpc.aio

Request = TypeVar("Request")
Response = TypeVar("Response")


@dataclass(slots=True)
class Gathering:
    """Asks for parts of a view; one that does not answer is left out and named."""

    call: Call
    budget: Budget
    missing: dict[str, Outcome] = field(default_factory=dict)

    async def ask(
        self,
        service: str,
        rpc: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        share: float = 1.0,
    ) -> Response | None:
        """Return a part, or None; it may take a share of what is left of the budget."""
        try:
            return await invoke(rpc, request, self.call, self.budget.remaining_s() * share)
        except TouchpointError as error:
            self.missing.setdefault(service, OUTCOMES.get(type(error), Outcome.FAILED))
            return None


@dataclass(frozen=True, slots=True)
class Findings:
    """All parts; None where a service did not answer."""

    profile: GetProfileResponse | None
    contacts: GetContactsResponse | None
    journeys: ListJourneysResponse | None
    question: Question
    decision: Decision

    @property
    def facts(self) -> PersonSnapshot:
        """The snapshot of the record, or else the one the decision was made by."""
        if self.profile is not None:
            return self.profile.snapshot
        return self.decision.person.facts

"""The rpcs of the edge: each hands its request to the one who knows."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass

from services.aggregator.contacts import ContactDesk
from services.aggregator.domain.definitions import Definitions
from services.aggregator.explaining import Explaining
from services.aggregator.identification import Identification, owner_of
from services.aggregator.preferences import PreferenceDesk
from services.aggregator.questions import QuestionDesk
from services.aggregator.recommending import Recommending
from services.aggregator.relationships import RelationshipDesk
from services.aggregator.tasks import TaskDesk
from services.aggregator.tracking import Tracking
from services.aggregator.unsubscribing import UnsubscribeDesk
from services.aggregator.view.views import Views
from services.aggregator.visitor_caps import VisitorCaps
from shared.binding import DeadlineLimits
from shared.call import Call
from shared.clock import BusinessClock
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.common.v1.identity_pb2 import Identity

DEADLINES = {
    # Without a deadline the placement's own holds; never above a second.
    "Recommend": DeadlineLimits(default_s=None, maximum_s=1.0),
    # A thousand events take their time, and what is acknowledged late is still acknowledged.
    "Track": DeadlineLimits(default_s=10.0, maximum_s=30.0),
    # A page of an owner's clients: the profiles of up to 500 people.
    "ListClients": DeadlineLimits(default_s=5.0, maximum_s=10.0),
}


@dataclass(frozen=True, slots=True)
class AggregatorServicer:
    """What every channel calls."""

    recommending: Recommending
    tracking: Tracking
    views: Views
    explaining: Explaining
    contacts: ContactDesk
    tasks: TaskDesk
    relationships: RelationshipDesk
    preferences: PreferenceDesk
    unsubscribing: UnsubscribeDesk
    questions: QuestionDesk
    identification: Identification
    caps: VisitorCaps
    definitions: Callable[[], Definitions]
    clock: BusinessClock

    async def recommend(self, call: Call, request: pb.RecommendRequest) -> pb.RecommendResponse:
        self._charge(call, request.identities)
        return await self.recommending.recommend(call, request)

    async def track(self, call: Call, request: pb.TrackRequest) -> pb.TrackResponse:
        placements = self.definitions().placements
        return await self.tracking.track(call, request, self.clock.now_us(), placements)

    async def get_customer_view(
        self, call: Call, request: pb.GetCustomerViewRequest
    ) -> pb.GetCustomerViewResponse:
        return await self.views.view(call, request)

    async def unsubscribe(
        self, call: Call, request: pb.UnsubscribeRequest
    ) -> pb.UnsubscribeResponse:
        return await self.unsubscribing.end(call, request)

    async def get_preferences(
        self, call: Call, request: pb.GetPreferencesRequest
    ) -> pb.GetPreferencesResponse:
        return await self.preferences.show(call, request)

    async def watch_customer(
        self, call: Call, request: pb.WatchCustomerRequest
    ) -> AsyncIterator[pb.WatchCustomerResponse]:
        async for update in self.views.watch(call, request):
            yield update

    async def explain_decision(
        self, call: Call, request: pb.ExplainDecisionRequest
    ) -> pb.ExplainDecisionResponse:
        return await self.explaining.explain(call, request.decision_id)

    async def set_agent_status(
        self, call: Call, request: pb.SetAgentStatusRequest
    ) -> pb.SetAgentStatusResponse:
        return await self.tasks.set_status(call, request)

    async def watch_tasks(
        self, call: Call, request: pb.WatchTasksRequest
    ) -> AsyncIterator[pb.WatchTasksResponse]:
        async for task in self.tasks.watch(call, request):
            yield task

    async def claim_task(self, call: Call, request: pb.ClaimTaskRequest) -> pb.ClaimTaskResponse:
        return await self.tasks.claim(call, request)

    async def complete_task(
        self, call: Call, request: pb.CompleteTaskRequest
    ) -> pb.CompleteTaskResponse:
        return await self.tasks.complete(call, request)

    async def snooze_task(self, call: Call, request: pb.SnoozeTaskRequest) -> pb.SnoozeTaskResponse:
        return await self.tasks.snooze(call, request)

    async def reserve_contact(
        self, call: Call, request: pb.ReserveContactRequest
    ) -> pb.ReserveContactResponse:
        return await self.contacts.reserve(call, request)

    async def release_contact(
        self, call: Call, request: pb.ReleaseContactRequest
    ) -> pb.ReleaseContactResponse:
        return await self.contacts.release(call, request)

    async def set_relationship(
        self, call: Call, request: pb.SetRelationshipRequest
    ) -> pb.SetRelationshipResponse:
        return await self.relationships.begin(call, request)

    async def end_relationship(
        self, call: Call, request: pb.EndRelationshipRequest
    ) -> pb.EndRelationshipResponse:
        return await self.relationships.end(call, request)

    async def list_clients(
        self, call: Call, request: pb.ListClientsRequest
    ) -> pb.ListClientsResponse:
        return await self.relationships.clients(call, request)

    async def next_question(
        self, call: Call, request: pb.NextQuestionRequest
    ) -> pb.NextQuestionResponse:
        self._charge(call, request.identities)
        return await self.questions.next(call, request)

    async def new_visitor(self, call: Call, request: pb.NewVisitorRequest) -> pb.NewVisitorResponse:
        return pb.NewVisitorResponse(visitor_id=self.identification.visitors.issue())

    def _charge(self, call: Call, identities: Iterable[Identity]) -> None:
        """Charge a browser for a question; raises Overloaded, and InvalidArgument for nobody."""
        if call.caller.is_browser:
            self.caps.ask(owner_of(self.identification.named(identities).keys))

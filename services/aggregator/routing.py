"""The hint where a call should go, which an answer to an IVR carries."""

from __future__ import annotations

from collections.abc import Sequence

from services.aggregator.domain.routing import Caller, route
from services.aggregator.domain.texts import language_of
from services.aggregator.peers import Peers
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from shared.client import invoke
from shared.errors import TouchpointError
from touchpoint.aggregator.v1.aggregator_pb2 import Routing
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysRequest

LONGEST_S = 0.05
"""For the journeys, of what is left of the budget: a call can be routed without them."""


class CallRouting:
    """Asks scenario what somebody is in the middle of, beside what the decision knows of them."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def hint(self, question: Question, decision: Decision) -> Routing:
        """Return where the call should go; never fails.

        A caller whose number proves nothing is routed by what they chose in this call, and by a
        complaint that is open under that number: neither is told to anybody by it.
        """
        facts = decision.person.facts
        found = route(
            _caller(facts, await self._journeys(question, facts)), question.definitions.queues
        )
        return Routing(
            queue=found.queue,
            skill=found.skill,
            priority=found.priority,
            language=language_of(question.context.locale),
            reasons=found.reasons,
        )

    async def _journeys(self, question: Question, facts: PersonSnapshot) -> Sequence[str]:
        if facts.is_guessed or not facts.person_ids:
            return ()
        request = ListJourneysRequest(person_ids=facts.person_ids)
        timeout_s = min(question.budget.remaining_s(), LONGEST_S)
        try:
            answer = await invoke(
                self._peers.scenario.ListJourneys, request, question.call, timeout_s
            )
        except TouchpointError:
            return ()
        return [journey.scenario for journey in answer.journeys]


def _caller(facts: PersonSnapshot, journeys: Sequence[str]) -> Caller:
    call = facts.call
    return Caller(
        value_tier=facts.traits.value_tier,
        complaint_open=facts.complaint_open,
        choice=call.choice,
        category=call.category or facts.session.category,
        journeys=journeys,
        has_cart=bool(facts.cart.offer_nos),
    )

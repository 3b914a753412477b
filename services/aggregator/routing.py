"""The hint where a call should go, which an answer to an IVR carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from services.aggregator.domain.routing import Caller, route
from services.aggregator.domain.steps import Outcome
from services.aggregator.domain.texts import language_of
from services.aggregator.peers import Peers
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.question import Question
from services.aggregator.view.findings import Gathering
from touchpoint.aggregator.v1.aggregator_pb2 import Routing
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.scenario.v1.scenario_service_pb2 import ListJourneysRequest

LONGEST_S = 0.05
"""For the journeys, of what is left of the budget: a call can be routed without them."""


class Hint(NamedTuple):
    """Where a call should go, and what could not be asked for it."""

    routing: Routing
    missing: Mapping[str, Outcome]
    """Service to the reason."""


class CallRouting:
    """Asks scenario what somebody is in the middle of, beside what the decision knows of them."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers

    async def hint(self, question: Question, decision: Decision) -> Hint:
        """Return where the call should go; never fails.

        A caller whose number proves nothing is routed by what they chose in this call, and by a
        complaint that is open under that number: neither is told to anybody by it.
        """
        facts = decision.person.facts
        gathering = Gathering(question.call, question.budget.at_most(LONGEST_S))
        journeys = await self._journeys(gathering, facts)
        found = route(_caller(facts, journeys), question.definitions.queues)
        routing = Routing(
            queue=found.queue,
            skill=found.skill,
            priority=found.priority,
            language=language_of(question.context.locale),
            reasons=found.reasons,
        )
        return Hint(routing, gathering.missing)

    async def _journeys(self, gathering: Gathering, facts: PersonSnapshot) -> Sequence[str]:
        if facts.is_guessed or not facts.person_ids:
            return ()
        request = ListJourneysRequest(person_ids=facts.person_ids)
        answer = await gathering.ask("scenario", self._peers.scenario.ListJourneys, request)
        return [journey.scenario for journey in answer.journeys] if answer is not None else ()


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

"""What is proposed: what journeys ask for, and the candidates behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from services.aggregator.domain.candidates import Proposal
from services.aggregator.domain.digest import with_journeys
from services.aggregator.domain.quality import Qualities
from services.aggregator.domain.steps import Step
from services.aggregator.peers import Peers
from services.aggregator.pipeline.assortment import Assortment
from services.aggregator.pipeline.columns import Packed, due, from_proto
from services.aggregator.pipeline.decision import Person
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.stepping import Stepper
from services.aggregator.pipeline.trace import left_out
from services.aggregator.popular import PopularLists
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest, RetrieveResponse
from touchpoint.scenario.v1.scenario_pb2 import DueAction
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueRequest, GetDueResponse


class Proposing:
    """Asks scenario and retrieval at the same time, each within its share."""

    def __init__(
        self, peers: Peers, assortment: Assortment, popular: PopularLists, qualities: Qualities
    ) -> None:
        self._peers = peers
        self._assortment = assortment
        self._popular = popular
        self._qualities = qualities

    async def proposal(
        self, question: Question, person: Person, steps: Stepper
    ) -> tuple[Proposal, Packed]:
        """Return what may be shown, by journeys and by candidates; completes the moment by it."""
        context = question.context
        if context.arm == Arm.STATIC:
            steps.skip(Step.SCENARIO, Step.RETRIEVAL)
            proposal = self._assortment.only_defaults(
                question.asks, question.exclude_ids, question.fence
            )
            return proposal, Packed.of(proposal.candidates)
        retrieving = self._retrieving(question, person, steps)
        due_request = GetDueRequest(context=context, snapshot=person.snapshot)
        actions = await steps.ask(Step.SCENARIO, self._peers.scenario.GetDue, due_request)
        retrieved = await retrieving if retrieving is not None else None
        proposed = _proposed(question, actions)
        self._note_due(context, actions, proposed)
        return self._put_together(question, due(proposed), retrieved)

    def _retrieving(
        self, question: Question, person: Person, steps: Stepper
    ) -> asyncio.Task[RetrieveResponse | None] | None:
        """Begin to look for candidates; None where only what a journey proposes counts."""
        if question.only_proposed:
            steps.skip(Step.RETRIEVAL)
            return None
        quality = self._qualities.quality(steps.given_s, question.budget.monotonic())
        question.quality = quality
        request = RetrieveRequest(
            context=question.context, snapshot=person.snapshot, quality=quality
        )
        asked = steps.ask(Step.RETRIEVAL, self._peers.retrieval.Retrieve, request)
        return asyncio.create_task(asked)

    def _note_due(
        self,
        context: DecisionContext,
        actions: GetDueResponse | None,
        proposed: Sequence[DueAction],
    ) -> None:
        """Complete the moment by what journeys make of it."""
        context.free_agents = actions.free_agents if actions is not None else 0
        context.free_chat_agents = actions.free_chat_agents if actions is not None else 0
        context.context_digest = with_journeys(
            context.context_digest,
            ((each.journey_id, each.scenario, each.stage) for each in proposed),
            self._free_for(proposed, context),
        )

    def _put_together(
        self, question: Question, proposal: Proposal, retrieved: RetrieveResponse | None
    ) -> tuple[Proposal, Packed]:
        """Return what journeys propose and the candidates behind it, or what is popular."""
        if question.only_proposed:
            return proposal, self._packed(proposal)
        if retrieved is None:
            found = self._popular.of([ask.placement.name for ask in question.asks])
            return proposal, self._packed(proposal.followed_by(found))
        question.left_out = left_out(retrieved.sources)
        found = from_proto(retrieved.candidates)
        if not len(proposal.candidates) and self._assortment.has_all(found):
            return proposal, Packed(found, retrieved.candidates)
        return proposal, self._packed(proposal.followed_by(found))

    def _free_for(self, proposed: Sequence[DueAction], context: DecisionContext) -> Iterator[str]:
        """Yield what agents are free for, where a service is proposed that they may have to do."""
        if any(self._assortment.is_service(each.offer_no) for each in proposed):
            if context.free_agents:
                yield "call"
            if context.free_chat_agents:
                yield "chat"

    def _packed(self, proposal: Proposal) -> Packed:
        return Packed.of(self._assortment.on_sale(proposal.candidates))


def _proposed(question: Question, actions: GetDueResponse | None) -> Sequence[DueAction]:
    """Return what journeys propose, first the one whose message it is decided for."""
    if question.only_proposed or actions is None:
        return question.proposed
    return (*question.proposed, *actions.actions)

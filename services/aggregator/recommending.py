"""Answers Recommend: each decision in a task of its own, whoever stays to hear it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from services.aggregator.asking import Asking
from services.aggregator.domain.way_back import WayBack
from services.aggregator.pipeline.answer import answer
from services.aggregator.pipeline.decision import Decision
from services.aggregator.pipeline.pipeline import Pipeline
from services.aggregator.pipeline.question import Question
from services.aggregator.pipeline.trace import degraded
from services.aggregator.pipeline.wording import Wording
from services.aggregator.routing import CallRouting
from shared.call import Call
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, RecommendResponse
from touchpoint.common.v1.vocabulary_pb2 import Channel

T = TypeVar("T")

DRAIN_S = 1.0
"""No decision takes longer."""


class Apart:
    """Runs work that a caller who leaves must not end.

    A cancelled call leaks (grpc#43360), and a half-made decision would hold contacts; the work is
    bounded by its budget, so it is left to come to its end.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def run(self, call: Call, work: Coroutine[Any, Any, T]) -> T:
        """Await work in a task of its own; cancelling the awaiting task leaves that one alone.

        The call counts as under way until it is done: callers who leave at once would otherwise
        have any number of decisions made.
        """
        task = asyncio.create_task(work)
        call.onward.add(task)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return await asyncio.shield(task)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits gets it raised; asyncio need not report it

    async def drained(self) -> None:
        """Wait for the work that is under way."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=DRAIN_S)


class Recommending:
    """Decides and puts the decision into words."""

    def __init__(
        self,
        asking: Asking,
        pipeline: Pipeline,
        wording: Wording,
        apart: Apart,
        routing: CallRouting,
    ) -> None:
        self._asking = asking
        self._pipeline = pipeline
        self._wording = wording
        self._apart = apart
        self._routing = routing
        self._way_back = WayBack()

    async def recommend(self, call: Call, request: RecommendRequest) -> RecommendResponse:
        """Return the next best actions before the caller's deadline."""
        question = self._asking.question(call, request, way_back=self._way_back)
        return await self._apart.run(call, self._decided(question))

    async def _decided(self, question: Question) -> RecommendResponse:
        decision = await self._pipeline.decide(question)
        budget = question.budget
        began_s = budget.monotonic()
        response = answer(question, decision, self._wording)
        assembling_s = budget.monotonic() - began_s
        if question.context.channel == Channel.IVR:
            await self._route(question, decision, response)
        self._way_back.note(budget, assembling_s)
        return response

    async def _route(
        self, question: Question, decision: Decision, response: RecommendResponse
    ) -> None:
        hint = await self._routing.hint(question, decision)
        response.routing.CopyFrom(hint.routing)
        more = hint.missing.keys() - decision.degraded.keys()
        response.degraded.extend(degraded({each: hint.missing[each] for each in more}))

"""A ranker that prefers low catalogue numbers, over a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import numpy as np

from shared.catalogue import Catalogue
from shared.slate import known_numbers, read_page
from touchpoint.ranker.v1.off_policy_pb2 import (
    EvaluatePolicyRequest,
    EvaluatePolicyResponse,
    JudgedShowings,
    PolicyEvaluation,
)
from touchpoint.ranker.v1.ranker_pb2 import Exploration, Ranked, RankedPlacement
from touchpoint.ranker.v1.ranker_service_pb2 import (
    JudgeShownRequest,
    JudgeShownResponse,
    RankRequest,
    RankResponse,
)

PROBABILITY, WORTH = 0.5, 4.0
_HIGHEST = 1000


class LowestFirst:
    """Fills pages under their constraints, as the real one does, by the simplest of models."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.asked: list[RankRequest] = []
        self.answers = True
        self.judges = True
        self.tries: bool | None = None
        """Whether it says that it tries something out; None: it draws nothing."""
        self.refused = 0
        self.seen: dict[str, JudgedShowings] = {}
        """By decision, what was seen and answered of it."""
        self.judged: list[JudgeShownRequest] = []
        self.evaluated: list[JudgedShowings] = []
        self._catalogue = catalogue

    async def rank(self, request: RankRequest, context: Any) -> RankResponse:
        if not self.answers:
            self.refused += 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "not today")
        self.asked.append(request)
        candidates = request.candidates
        nos = known_numbers(np.array(candidates.offer_nos, np.uint32), self._catalogue)
        bits = np.array(request.placement_bits, np.uint32)
        page = read_page(
            nos,
            bits,
            candidates.sources,
            request.context,
            request.standing,
            request.constraints,
            self._catalogue,
        )
        levers = np.array(request.levers or [1.0] * len(nos))
        slates = page.fill((_HIGHEST - nos) * levers)
        return RankResponse(
            placements=[
                RankedPlacement(
                    placement=ask.placement, chosen=[_ranked(at) for at in slate.chosen]
                )
                for ask, slate in zip(request.context.placements, slates, strict=True)
            ],
            exploration=None if self.tries is None else Exploration(tried=self.tries),
        )

    async def judge_shown(self, request: JudgeShownRequest, context: Any) -> JudgeShownResponse:
        if not self.judges:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "what is that?")
        self.judged.append(request)
        return JudgeShownResponse(showings=self.seen.get(request.decision_id))

    async def evaluate_policy(
        self, request: EvaluatePolicyRequest, context: Any
    ) -> EvaluatePolicyResponse:
        self.evaluated.append(request.showings)
        found = PolicyEvaluation(showings=len(request.showings.accepted))
        return EvaluatePolicyResponse(acceptances=found)


def _ranked(at: int) -> Ranked:
    return Ranked(candidate=at, acceptance_probability=PROBABILITY, score=PROBABILITY * WORTH)


@asynccontextmanager
async def serving(ranker: LowestFirst) -> AsyncIterator[grpc.aio.Channel]:
    """Serve it, and lend a channel to it."""
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            answer, request_deserializer=asked.FromString, response_serializer=told
        )
        for name, answer, asked, told in (
            ("Rank", ranker.rank, RankRequest, RankResponse.SerializeToString),
            (
                "JudgeShown",
                ranker.judge_shown,
                JudgeShownRequest,
                JudgeShownResponse.SerializeToString,
            ),
            (
                "EvaluatePolicy",
                ranker.evaluate_policy,
                EvaluatePolicyRequest,
                EvaluatePolicyResponse.SerializeToString,
            ),
        )
    }
    server = grpc.aio.server()
    name = "touchpoint.ranker.v1.RankerService"
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)

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
from touchpoint.ranker.v1.ranker_pb2 import Ranked, RankedPlacement
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest, RankResponse

PROBABILITY, WORTH = 0.5, 4.0
_HIGHEST = 1000


class LowestFirst:
    """Fills pages under their constraints, as the real one does, by the simplest of models."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.asked: list[RankRequest] = []
        self.answers = True
        self.refused = 0
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
            ]
        )


def _ranked(at: int) -> Ranked:
    return Ranked(candidate=at, acceptance_probability=PROBABILITY, score=PROBABILITY * WORTH)


@asynccontextmanager
async def serving(ranker: LowestFirst) -> AsyncIterator[grpc.aio.Channel]:
    """Serve it, and lend a channel to it."""
    handler = grpc.unary_unary_rpc_method_handler(
        ranker.rank,
        request_deserializer=RankRequest.FromString,
        response_serializer=RankResponse.SerializeToString,
    )
    server = grpc.aio.server()
    name = "touchpoint.ranker.v1.RankerService"
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(name, {"Rank": handler}),)
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield channel
    finally:
        await server.stop(None)

"""Gets the whole chain warm before the edge says that it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import grpc.aio

from services.aggregator.domain.definitions import Definitions
from shared.binding import Binding
from shared.budget import Budget
from shared.call import own_call
from shared.service import WarmUp
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

_METHOD = "/touchpoint.aggregator.v1.AggregatorService/Recommend"
_BUDGET_S = 1.0
PEERS_S = 3.0
_ROUNDS = 2
"""The second one finds what the first one brought about: channels, caches, statements."""
_NOBODY = Identity(kind="visitor", value="warm-up")


def previews(
    binding: Binding, definitions: Callable[[], Definitions], peers: Sequence[grpc.aio.Channel]
) -> WarmUp:
    """Return a warm-up that decides once for every placement, as previews that leave no trace.

    Services that do not answer yet are waited for, within `PEERS_S`: without them the edge would
    only learn its fallbacks.
    """
    recommend = binding.unary("Recommend")

    async def warm_up() -> None:
        waiting = [asyncio.ensure_future(peer.channel_ready()) for peer in peers]
        _, late = await asyncio.wait(waiting, timeout=PEERS_S)
        for each in late:
            each.cancel()
        for _ in range(_ROUNDS):
            for placement in definitions().placements.values():
                request = RecommendRequest(
                    identities=[_NOBODY],
                    channel=Channel.Value.ValueType(placement.channel),
                    placements=[PlacementRequest(placement=placement.name)],
                    preview=True,
                    explain=True,
                )
                await recommend(own_call(_METHOD, Budget.of(_BUDGET_S)), request)

    return warm_up

"""Getting warm before the first request."""

from __future__ import annotations

import asyncio

from services.aggregator.warming import previews
from tests.unit.aggregator.edge import Edge


class Peer:
    """A channel that becomes ready when it is told to."""

    def __init__(self):
        self.is_ready = asyncio.Event()

    async def channel_ready(self):
        await self.is_ready.wait()


async def test_every_placement_is_decided_as_a_preview_once_all_peers_are_there():
    edge, peers = Edge(ticking=None), [Peer(), Peer()]
    warming = asyncio.ensure_future(previews(edge.binding(), lambda: edge.definitions, peers)())
    peers[0].is_ready.set()
    await asyncio.sleep(0)
    assert not edge.peers.rules.Check.requests
    peers[1].is_ready.set()
    await warming
    contexts = [request.context for request in edge.peers.rules.Check.requests]
    asked = {ask.placement for context in contexts for ask in context.placements}
    assert asked == set(edge.definitions.placements)
    assert all(context.preview for context in contexts)
    assert not edge.peers.rules.Commit.requests


async def test_a_peer_that_stays_away_does_not_keep_the_edge_from_getting_warm(monkeypatch):
    monkeypatch.setattr("services.aggregator.warming.PEERS_S", 0.01)
    edge = Edge(ticking=None)
    await previews(edge.binding(), lambda: edge.definitions, [Peer()])()
    assert edge.peers.rules.Check.requests

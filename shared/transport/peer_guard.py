"""Hangs up on peers of a gRPC port who send without asking, or hold more than their share."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

from shared.logging import get_logger
from shared.transport.accepted import AcceptedConnections, open_files
from shared.transport.peer_accounts import Messages, Peer, PeerAccounts, peer_of_call

log = get_logger(__name__)

T = TypeVar("T")

LOOK_S = 0.5
"""Between two looks at all connections."""
_SLICE_S = 0.001
"""For which the loop is held at a time."""
_PAUSE_S = 0.003
"""Between two of them: a request goes round the loop many times, and would wait each time."""


class PeerGuard:
    """Looks at all connections of a port again and again, and ends those that mean harm.

    `messages` is what the port's handlers handled, as `GrpcRoutes` counts it.
    """

    def __init__(self, port: int, messages: Messages, accounts: PeerAccounts) -> None:
        self._connections = AcceptedConnections(port)
        self._messages = messages
        self._accounts = accounts

    async def run(self) -> None:
        """Look for ever."""
        before = time.monotonic()
        while True:
            await asyncio.sleep(LOOK_S)
            now = time.monotonic()
            await self.look(now - before)
            before = now

    async def look(self, elapsed_s: float) -> None:
        """Look once, so long after the last time."""
        handled = self._handled()
        files: dict[Peer, int] = {}
        cut: Counter[str] = Counter()
        self._accounts.begin(elapsed_s)
        async for file in _in_slices(open_files()):
            peer = self._connections.peer(file)
            if peer is None:
                continue
            files[peer] = file
            received = self._connections.received(file)
            is_hostile = self._accounts.is_hostile(peer, received, handled.get(peer, 0))
            if is_hostile and self._connections.hang_up(file, peer):
                cut[peer.address] += self._accounts.owed(peer)
        self._accounts.end()
        for address, owed in cut.items():
            log.warning("hostile_peer_cut", address=address, unasked_bytes=owed)
        await self._shed(files)

    def _handled(self) -> Counter[Peer]:
        """Take what was handled since the last look."""
        handled: Counter[Peer] = Counter()
        for told, size in self._messages.items():
            peer = peer_of_call(told)
            if peer is not None:
                handled[peer] += size
        self._messages.clear()
        return handled

    async def _shed(self, files: dict[Peer, int]) -> None:
        cut: Counter[str] = Counter()
        async for peer in _in_slices(self._accounts.surplus()):
            if self._connections.hang_up(files[peer], peer):
                cut[peer.address] += 1
        for address, count in cut.items():
            log.warning("grpc_connections_exhausted", address=address, cut=count)


async def _in_slices(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield each, letting others have the loop in between."""
    until = time.monotonic() + _SLICE_S
    for item in items:
        if time.monotonic() > until:
            await asyncio.sleep(_PAUSE_S)
            until = time.monotonic() + _SLICE_S
        yield item

"""One process of a service, reached over a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import grpc
import grpc.aio

from shared.replicas.addresses import Address
from shared.replicas.latencies import Latencies

READY = grpc.ChannelConnectivity.READY
_WORTH = {
    READY: 3,
    grpc.ChannelConnectivity.CONNECTING: 2,
    grpc.ChannelConnectivity.IDLE: 2,
    grpc.ChannelConnectivity.TRANSIENT_FAILURE: 1,
    grpc.ChannelConnectivity.SHUTDOWN: 0,
}
Make = Callable[[grpc.aio.Channel], Any]
"""Makes the callable of an rpc on a channel."""


class Line:
    """One rpc of one replica: how it is called, and how long it took lately."""

    __slots__ = ("call", "latencies")

    def __init__(self, call: Any) -> None:
        self.call = call
        self.latencies = Latencies()


class Replica:
    """A channel to one address, which says for itself whether its service is healthy."""

    __slots__ = ("_lines", "_on_idle", "address", "channel", "in_flight")

    def __init__(self, address: Address, channel: grpc.aio.Channel) -> None:
        self.address = address
        self.channel = channel
        self.in_flight = 0
        self._lines: dict[Hashable, Line] = {}
        self._on_idle: Callable[[], None] | None = None

    def __repr__(self) -> str:
        return f"Replica({self.address.target})"

    def is_ready(self) -> bool:
        """Say whether it is connected and says SERVING; connects where it is idle."""
        return self.channel.get_state(try_to_connect=True) is READY

    def worth(self) -> int:
        """Return how likely it is to answer: more is better."""
        return _WORTH[self.channel.get_state(try_to_connect=True)]

    def line(self, rpc: Hashable, make: Make) -> Line:
        """Return the line of an rpc, made at its first call."""
        found = self._lines.get(rpc)
        if found is None:
            found = self._lines[rpc] = Line(make(self.channel))
        return found

    def known_line(self, rpc: Hashable) -> Line | None:
        """Return the line of an rpc if it was called."""
        return self._lines.get(rpc)

    def begin(self, outgoing: grpc.aio.Call) -> None:
        """Count a call until it ends."""
        self.in_flight += 1
        outgoing.add_done_callback(self._end)

    def _end(self, _: object) -> None:
        self.in_flight -= 1
        if not self.in_flight and self._on_idle is not None:
            self._on_idle()

    def retire(self, on_idle: Callable[[], None]) -> None:
        """Have `on_idle` called as soon as no call is under way, which may be at once."""
        self._on_idle = on_idle
        if not self.in_flight:
            on_idle()

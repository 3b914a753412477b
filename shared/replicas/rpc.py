"""One rpc of a service of several replicas, each call of which goes to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc.aio

from shared.replicas.attempts import Attempts
from shared.replicas.ended import ended
from shared.replicas.reads import may_be_asked_twice
from shared.replicas.replica import Line, Make, Replica

if TYPE_CHECKING:
    from shared.replicas.channel import ReplicaChannel

_MUCH_TOO_SLOW = 5.0
"""Times as long as what is late already: …"""
_NOTABLE_S = 0.025
"""… and by so much that it matters to anybody."""
_LOOKED_AT_EVERY = 32
"""Calls, after which it is seen anew from when on one is late."""
_SOONEST_S = 0.001
"""A hop alone costs half of it."""


class ReplicatedRpc(grpc.aio.UnaryUnaryMultiCallable[Any, Any]):
    """Called as any rpc it makes one call; `ask` also asks a second replica where that helps."""

    def __init__(self, channel: ReplicaChannel, method: str, make: Make) -> None:
        self.channel = channel
        self.may_be_asked_twice = may_be_asked_twice(method)
        self._make = make
        self._late_after_s: float | None = None
        self._until_looked_at = 1

    def __call__(self, request: Any, **options: Any) -> Any:
        """Call the replica whose turn it is."""
        replica = self.channel.pick()
        return self.start(replica, self.line(replica), request, **options)

    async def ask(self, request: Any, timeout_s: float, metadata: Any) -> Any:
        """Return the call that counts, when it has ended, well or not.

        Raises nothing of the call's. If the awaiting task is cancelled, calls run on.
        """
        if len(self.channel.replicas) > 1:
            return await Attempts(self, request, timeout_s, metadata).counted()
        outgoing = self(request, timeout=timeout_s, metadata=metadata)
        await ended(outgoing)
        return outgoing

    def start(self, replica: Replica, line: Line, request: Any, **options: Any) -> Any:
        """Call this replica."""
        outgoing = line.call(request, **options)
        replica.begin(outgoing)
        return outgoing

    def line(self, replica: Replica) -> Line:
        """Return this rpc as it is called on a replica."""
        return replica.line(self, self._make)

    def late_after_s(self) -> float | None:
        """Return the seconds after which a call that begins now is late; None: not known yet.

        By the quickest replica, so that a slow one is no measure for itself.
        """
        self._until_looked_at -= 1
        if self._until_looked_at <= 0:
            lines = (replica.known_line(self) for replica in self.channel.replicas)
            found = (line.latencies.late_after_s() for line in lines if line is not None)
            known = [each for each in found if each is not None]
            self._late_after_s = max(_SOONEST_S, min(known)) if known else None
            self._until_looked_at = _LOOKED_AT_EVERY if known else 1
        return self._late_after_s

    def is_much_too_slow(self, took_s: float) -> bool:
        """Say whether an answer took so long that something must be wrong."""
        late_s = self._late_after_s
        return late_s is not None and took_s > max(_NOTABLE_S, _MUCH_TOO_SLOW * late_s)

"""A channel over all replicas of a service, each with a connection of its own.

gRPC's own round robin cannot be told to ask another replica than the one that does not answer: a
second call on the same channel went to the same of two in two thirds of all cases (measured with
eight callers). So whose turn it is, is said here; connections, health checks, pings and back-off
stay gRPC's.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import grpc
import grpc.aio

from shared.logging import get_logger
from shared.replicas.addresses import Address, Addresses
from shared.replicas.outliers import Outliers
from shared.replicas.replica import READY, Replica
from shared.replicas.rpc import ReplicatedRpc
from shared.replicas.tokens import TokenBucket

log = get_logger(__name__)

Dial = Callable[[Address], grpc.aio.Channel]
"""Opens the channel to one address."""

LOOK_UP_EVERY_S = 10.0
LOOK_UP_SOON_S = 1.0
"""While a replica does not answer: it may have gone elsewhere."""
RENEW_EVERY_S = 0.5
"""How often it is looked whether replicas are to be dialled anew, and whether they are there."""
_LOOK_EVERY_S = 0.02
"""How often somebody who waits for a replica looks whether there is one."""


@dataclass(slots=True)
class Extras:
    """What may be called beyond what was asked for."""

    hedges: TokenBucket = field(default_factory=lambda: TokenBucket(share=0.018, most=10))
    """Calls beside late ones: fewer than 2% of all reads."""
    retries: TokenBucket = field(default_factory=lambda: TokenBucket(share=0.1, most=10))
    """Calls after failed ones: a tenth of all calls."""

    def earn(self, *, hedges: bool) -> None:
        """Count a call that was asked for, with `hedges` one that may be asked twice."""
        self.retries.earn()
        if hedges:
            self.hedges.earn()


def no_extras() -> Extras:
    """Return what never lets an extra call through."""
    return Extras(TokenBucket(share=0.0, most=0), TokenBucket(share=0.0, most=0))


def _told(replica: Replica, seconds: float) -> None:
    log.warning("replica_left_alone", address=replica.address.target, for_s=round(seconds, 1))


class ReplicaChannel(grpc.aio.Channel):
    """Quacks like grpc.aio's channel for the generated stubs.

    Calls go round robin to the replicas that are connected and say SERVING, but for those that are
    out for their failures (`outliers`). If there is none, to the one that is likeliest to come.
    """

    def __init__(
        self,
        addresses: Addresses,
        dial: Dial,
        extras: Extras | None = None,
        has_changed: Callable[[], bool] | None = None,
    ) -> None:
        """Open it; where `has_changed` says so, every replica is dialled anew."""
        self.extras = extras or Extras()
        self.outliers: Outliers[Replica] = Outliers(on_out=_told)
        self.replicas: tuple[Replica, ...] = ()
        self._addresses = addresses
        self._dial = dial
        self._chance = random.Random()  # noqa: S311 whose turn it is, no secret
        self._turn = self._chance.randrange(1 << 16)
        self._aside: set[asyncio.Task[Any]] = set()
        self._retired: set[Replica] = set()
        self._coming: dict[Replica, Replica] = {}
        """Replicas that are dialled anew, with what is to take their place once it is ready."""
        self._take(addresses.known())
        self._looking: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        if addresses.have_names:
            self._looking.append(loop.create_task(self._look_up()))
        if has_changed is not None:
            self._looking.append(loop.create_task(self._renew(has_changed)))

    def pick(self) -> Replica:
        """Return the replica whose turn it is."""
        replicas = self.replicas
        if len(replicas) == 1:
            return replicas[0]
        self._turn += 1
        chosen = replicas[self._turn % len(replicas)]
        if self._is_welcome(chosen):
            return chosen
        return self.another((chosen,)) or max(replicas, key=Replica.worth)

    def another(self, tried: Collection[Replica]) -> Replica | None:
        """Return any replica that would answer and was not tried; None where there is none."""
        others = [each for each in self.replicas if each not in tried and self._is_welcome(each)]
        # Not the next in the row: it would get all that those before it do not.
        return self._chance.choice(others) if others else None

    def _is_welcome(self, replica: Replica) -> bool:
        return replica.is_ready() and not self.outliers.is_out(replica, self._now())

    def _now(self) -> float:
        return time.monotonic()

    def aside(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something that nobody waits for."""
        task = asyncio.get_running_loop().create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        **more: Any,
    ) -> ReplicatedRpc:
        """Return the callable of a single-answer rpc."""
        return ReplicatedRpc(
            self,
            method,
            lambda channel: channel.unary_unary(
                method, request_serializer, response_deserializer, **more
            ),
        )

    def unary_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        **more: Any,
    ) -> Any:
        """Return the callable of a server-streaming rpc; a stream stays with one replica."""

        def start(request: Any, **options: Any) -> Any:
            replica = self.pick()
            rpc = replica.line(
                start,
                lambda channel: channel.unary_stream(
                    method, request_serializer, response_deserializer, **more
                ),
            )
            outgoing = rpc.call(request, **options)
            replica.begin(outgoing)
            return outgoing

        return start

    def stream_unary(self, method: str, *_: Any, **__: Any) -> Any:
        """Refuse: nobody binds this kind of rpc."""
        raise NotImplementedError(f"{method}: client streaming is not supported")

    stream_stream = stream_unary

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Return the state of the replica that is likeliest to answer."""
        best = max(self.replicas, key=Replica.worth)
        return best.channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Wait until the state differs from the one seen last."""
        await self._until(lambda state: state is not last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until a replica is connected and says SERVING."""
        await self._until(lambda state: state is READY)

    async def _until(self, is_reached: Callable[[grpc.ChannelConnectivity], bool]) -> None:
        # Looked at and not watched: a watch that is given up stays until its channel is closed.
        while not is_reached(self.get_state(try_to_connect=True)):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_EVERY_S)

    async def close(self, grace: float | None = None) -> None:
        """End what is under way, after `grace` seconds at the latest, and every connection."""
        for looking in self._looking:
            looking.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)
        everyone = (*self.replicas, *self._retired, *self._coming.values())
        await asyncio.gather(*(replica.channel.close(grace) for replica in everyone))

    async def __aenter__(self) -> ReplicaChannel:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _look_up(self) -> None:
        """Follow what DNS says, for ever."""
        while True:
            await self._addresses.look_up()
            self._take(self._addresses.known())
            all_ready = all(replica.is_ready() for replica in self.replicas)
            await asyncio.sleep(LOOK_UP_EVERY_S if all_ready else LOOK_UP_SOON_S)

    def _take(self, addresses: Collection[Address]) -> None:
        """Have these replicas from now on; calls to those that are gone may end."""
        known = {replica.address: replica for replica in self.replicas}
        wanted = [known.pop(each) if each in known else self._opened(each) for each in addresses]
        self._have(wanted)
        for gone in known.values():
            log.info("replica_left", address=gone.address.target)
            self._retire(gone)

    async def _renew(self, has_changed: Callable[[], bool]) -> None:
        """Dial every replica anew whenever what it is dialled by has changed, for ever."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            if has_changed():
                for outdated in self._coming.values():
                    self._retire(outdated)
                self._coming = {each: self._opened(each.address) for each in self.replicas}
            self._renewed()

    def _renewed(self) -> None:
        """Have those that are ready in the places of theirs; calls to these may end."""
        for old, new in [*self._coming.items()]:
            if old not in self.replicas:
                self._retire(self._coming.pop(old))
            elif new.is_ready():
                del self._coming[old]
                self._have([new if each is old else each for each in self.replicas])
                log.info("replica_connected_anew", address=new.address.target)
                self._retire(old)

    def _have(self, replicas: Collection[Replica]) -> None:
        self.replicas = tuple(replicas)
        self.outliers.of(self.replicas)

    def _retire(self, gone: Replica) -> None:
        """Close it once its last call has ended."""
        self._retired.add(gone)
        gone.retire(partial(self._close, gone))

    def _opened(self, address: Address) -> Replica:
        replica = Replica(address, self._dial(address))
        if not address.is_name:
            replica.is_ready()  # connects, before the first call has to wait for it
        return replica

    def _close(self, gone: Replica) -> None:
        if gone in self._retired:
            self._retired.discard(gone)
            self.aside(gone.channel.close())

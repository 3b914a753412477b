"""How soon definitions that were applied are what every replica decides by."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import grpc.aio

from bench.customers import PLACEMENT
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts.rules import applied
from bench.rule_books import book_of
from bench.scale import Scale
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1.retrieval_service_pb2 import RetrieveRequest
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2 import ApplyDefinitionsRequest, CheckRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueRequest
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

RULES = 30
_EACH_ROUND = 5
_POLL_S = 0.002
_TIMEOUT_S = 5.0

Decides = Callable[[str], Awaitable[bool]]
"""Says whether a replica decides by a bundle now."""


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Apply again and again; the figure is the longest that any replica of any service took.

    The edge chooses the bundle of a decision, so its replicas are asked for one. Those of
    retrieval, rules, ranker and scenario are asked whether they work by the bundle that they are
    given; profile, which never refuses, cannot be asked.
    """
    spent = []
    async with AsyncExitStack() as stack:
        replicas = await _replicas(suite, stack)
        rules = RulesServiceStub(await _channel(stack, suite.running.grpc["rules"][0]))
        for number in range(scale.rounds * _EACH_ROUND):
            tell(f"{number} of {scale.rounds * _EACH_ROUND} changes have reached every replica")
            request = ApplyDefinitionsRequest(files=book_of(RULES, variant=number % 2 + 1))
            bundle_hash = await applied(rules, request)
            began = time.perf_counter()
            await asyncio.gather(*(_until(replica, bundle_hash) for replica in replicas))
            spent.append((time.perf_counter() - began) * 1000)
    yield [Figure.pooled("apply_to_all_replicas_ms", max(spent), spent)]


async def _until(decides: Decides, bundle_hash: str) -> None:
    async with asyncio.timeout(_TIMEOUT_S):
        while True:
            if await decides(bundle_hash):
                return
            await asyncio.sleep(_POLL_S)


async def _replicas(suite: OpenedSuite, stack: AsyncExitStack) -> Sequence[Decides]:
    found: list[Decides] = []
    for service, addresses in suite.running.grpc.items():
        if len(addresses) < 2:
            raise MeasurementError(
                f"there is one {service}: that it agrees with itself means little"
            )
        for address in addresses:
            channel = await _channel(stack, address)
            if service == "aggregator":
                found.append(_Edge(channel).decides_by)
            elif service in _ASKED:
                found.append(_Behind(_ASKED[service], channel).decides_by)
    return found


async def _channel(stack: AsyncExitStack, address: str) -> grpc.aio.Channel:
    return await stack.enter_async_context(grpc.aio.insecure_channel(address))


@dataclass(frozen=True, slots=True)
class _Edge:
    channel: grpc.aio.Channel

    async def decides_by(self, bundle_hash: str) -> bool:
        """Ask for a preview, which says by what it was decided."""
        request = RecommendRequest(
            identities=[Identity(kind="visitor", value=str(uuid.uuid4()))],
            channel=Channel.WEB,
            placements=[PlacementRequest(placement=PLACEMENT)],
            preview=True,
            explain=True,
        )
        answer = await AggregatorServiceStub(self.channel).Recommend(request, timeout=_TIMEOUT_S)
        return answer.bundle_hash == bundle_hash


def _context(bundle_hash: str) -> DecisionContext:
    return DecisionContext(
        decision_id=str(uuid.uuid4()),
        bundle_hash=bundle_hash,
        now_us=time.time_ns() // 1000,
        channel=Channel.WEB,
        placements=[PlacementAsk(placement=PLACEMENT, limit=3)],
        preview=True,
    )


async def _retrieve(channel: grpc.aio.Channel, context: DecisionContext) -> None:
    request = RetrieveRequest(context=context)
    await RetrievalServiceStub(channel).Retrieve(request, timeout=_TIMEOUT_S)


async def _check(channel: grpc.aio.Channel, context: DecisionContext) -> None:
    await RulesServiceStub(channel).Check(CheckRequest(context=context), timeout=_TIMEOUT_S)


async def _rank(channel: grpc.aio.Channel, context: DecisionContext) -> None:
    await RankerServiceStub(channel).Rank(RankRequest(context=context), timeout=_TIMEOUT_S)


async def _due(channel: grpc.aio.Channel, context: DecisionContext) -> None:
    await ScenarioServiceStub(channel).GetDue(GetDueRequest(context=context), timeout=_TIMEOUT_S)


_Ask = Callable[[grpc.aio.Channel, DecisionContext], Awaitable[None]]
_ASKED: dict[str, _Ask] = {
    "retrieval": _retrieve,
    "rules": _check,
    "ranker": _rank,
    "scenario": _due,
}


@dataclass(frozen=True, slots=True)
class _Behind:
    ask: _Ask
    channel: grpc.aio.Channel

    async def decides_by(self, bundle_hash: str) -> bool:
        """Ask for something by that bundle."""
        try:
            await self.ask(self.channel, _context(bundle_hash))
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            return False
        return True

"""How fast a large rule book takes effect on every replica, and whether requests notice."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts.rules import applied
from bench.rule_books import book_of
from bench.rules_scene import Scene, scene
from bench.scale import Scale
from cli.load.generator import drive
from cli.load.schedule import poisson
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from collections.abc import Sequence

    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

RULES = 1_000
_CHECKS_PER_S = 25.0
"""Of each replica, so that what is slow is the reload and not the load."""
_MEANWHILE_S = 8.0
_POLL_S = 0.005
_TIMEOUT_S = 5.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Apply book after book, each with 26 rules changed; the first one is new as a whole."""
    shop = await scene(suite)
    reloads, slowest = [], []
    async with AsyncExitStack() as stack:
        replicas = [
            RulesServiceStub(await stack.enter_async_context(grpc.aio.insecure_channel(address)))
            for address in suite.running.grpc["rules"]
        ]
        if len(replicas) < 2:
            raise MeasurementError("there is one replica: that it agrees with itself means little")
        tell(f"{RULES} rules that nobody knows yet")
        request = pb.ApplyDefinitionsRequest(files=book_of(RULES))
        active, cold_ms, cold_slowest_ms = await _meanwhile(shop, replicas, request, "")
        yield [
            Figure.median("rules_reload_1000_new_ms", [cold_ms]),
            Figure.median("rules_reload_1000_new_slowest_ms", [cold_slowest_ms]),
        ]
        for number in range(1, scale.rounds + 1):
            tell(f"{RULES} rules with some changed, round {number} of {scale.rounds}")
            request = pb.ApplyDefinitionsRequest(files=book_of(RULES, variant=number))
            active, spent_ms, slowest_ms = await _meanwhile(shop, replicas, request, active)
            reloads.append(spent_ms)
            slowest.append(slowest_ms)
    yield [
        Figure.median("rules_reload_1000_ms", reloads),
        Figure.median("rules_reload_slowest_ms", slowest),
    ]


async def _meanwhile(
    shop: Scene,
    replicas: Sequence[RulesServiceAsyncStub],
    request: pb.ApplyDefinitionsRequest,
    active: str,
) -> tuple[str, float, float]:
    """Apply while requests go on; return the bundle, the time it took and the slowest request."""
    active = active or await _active(replicas[0])
    going_on = [
        asyncio.create_task(_checking(shop, replica, active, seed))
        for seed, replica in enumerate(replicas)
    ]
    await asyncio.sleep(_MEANWHILE_S / 8)
    began = time.perf_counter()
    bundle_hash = await applied(replicas[0], request)
    await asyncio.gather(*(_serves(shop, replica, bundle_hash) for replica in replicas))
    spent_ms = (time.perf_counter() - began) * 1000
    return bundle_hash, spent_ms, max(await asyncio.gather(*going_on))


async def _active(rules: RulesServiceAsyncStub) -> str:
    """Return what is in force; to ask as a replica does would make all wait for us, too."""
    answer = await rules.ListVersions(pb.ListVersionsRequest(limit=1), timeout=_TIMEOUT_S)
    return answer.versions[0].bundle_hash


async def _checking(
    shop: Scene, replica: RulesServiceAsyncStub, bundle_hash: str, seed: int
) -> float:
    """Ask under the bundle that was active; return the slowest answer in ms."""

    async def check(asked: pb.CheckRequest) -> str:
        answer = await replica.Check(asked, timeout=_TIMEOUT_S)
        return "" if answer.kept else "nothing kept"

    due = poisson(_CHECKS_PER_S, _MEANWHILE_S, seed)
    summary = await drive(check, shop.checks(bundle_hash, seed), due)
    if summary.failed or summary.degraded:
        raise MeasurementError(f"not every request was answered: {summary.reasons}")
    return summary.max_ms


async def _serves(shop: Scene, replica: RulesServiceAsyncStub, bundle_hash: str) -> None:
    """Return once a replica decides by a bundle."""
    request = next(shop.checks(bundle_hash, 0))
    async with asyncio.timeout(_TIMEOUT_S):
        while True:
            try:
                await replica.Check(request, timeout=_TIMEOUT_S)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
                await asyncio.sleep(_POLL_S)
            else:
                return

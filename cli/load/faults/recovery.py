"""Waits until a suite is well: every service serves, and answers lack nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import grpc.aio

from cli.load.edge import recommending
from cli.load.faults.targets import SERVICES
from cli.load.generator import Send
from cli.load.outcome import InvalidAnswerError
from cli.suite.home import Home
from cli.suite.topology import Replica
from cli.suite.waiting import until_all_serve
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest

PATIENCE_S = 60.0
"""A service that was killed over and over is started again 5 s later, and has to start."""
_DEADLINE_S = 0.5
"""Longer than callers have: a machine that is busy is no fault."""
_IN_A_ROW = 10
"""Whole answers; several, because each replica of a service is to give one."""
_PAUSE_S = 0.02


async def until_well(
    home: Home, edge: str, requests: Iterator[RecommendRequest], patience_s: float = PATIENCE_S
) -> float | None:
    """Return after how many seconds all was well for good; None where it was not in time."""
    begun = time.perf_counter()
    until = begun + patience_s
    try:
        async with asyncio.timeout(patience_s):
            await until_all_serve(_replicas(home))
    except TimeoutError:
        return None
    async with recommending(edge, _DEADLINE_S, home, whole=True) as send:
        since, in_a_row = begun, 0
        while time.perf_counter() < until:
            if not await _is_whole(send, next(requests)):
                in_a_row = 0
            else:
                in_a_row += 1
                since = time.perf_counter() if in_a_row == 1 else since
            if in_a_row == _IN_A_ROW:
                return since - begun
            await asyncio.sleep(_PAUSE_S)
    return None


def _replicas(home: Home) -> list[Replica]:
    endpoints = home.endpoints()
    if endpoints is None:
        return []
    return [
        Replica(service, number, int(address.rpartition(":")[2]))
        for service in SERVICES
        for number, address in enumerate(endpoints.grpc[service], 1)
    ]


async def _is_whole(send: Send[RecommendRequest], request: RecommendRequest) -> bool:
    try:
        return not await send(request)
    except (grpc.aio.AioRpcError, InvalidAnswerError):
        return False

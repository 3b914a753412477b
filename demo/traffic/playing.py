"""Plays traffic through an edge and reports what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import grpc

from demo.suite_time import ahead
from demo.traffic.crowd import Crowd
from demo.traffic.report import Report
from demo.traffic.run import Plan, send
from demo.traffic.tally import Visit
from demo.traffic.truth import HiddenTruth
from demo.traffic.visits import Visits
from demo.traffic.wares import story_wares
from touchpoint.client import AsyncTouchpoint

_PATIENCE_S = 10.0
"""Shoppers wait: this is no test of deadlines, and the first calls may find the suite cold."""


async def play(
    address: str,
    plan: Plan,
    on_visit: Callable[[Visit], None],
    key: str = "",
    credentials: grpc.ChannelCredentials | None = None,
) -> Report:
    """Send the plan's shoppers to the edge at host:port; `on_visit` hears of each.

    `key` and `credentials` are shown to an edge that is closed.

    Raises CallError, AioRpcError, and TrafficError when the shop is another.
    """
    async with AsyncTouchpoint(
        address, timeout_s=_PATIENCE_S, caller="demo", key=key, credentials=credentials
    ) as edge:
        early = await ahead(edge.channel)

        def clock() -> datetime:
            return datetime.now(UTC) + early

        wares = story_wares(clock().date())
        crowd = Crowd.of(wares, plan.seed, uuid.uuid4().hex[:8])
        visits = Visits(edge, HiddenTruth.of(plan.seed, wares), wares, clock)
        return Report.of(await send(plan, crowd, visits, on_visit))

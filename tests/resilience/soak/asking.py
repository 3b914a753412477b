"""Callers who ask for decisions all the time, and what became of each request."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shared.call import own_call
from shared.client import connect, invoke, service_name
from shared.errors import TouchpointError
from tests.journeys.channels import identities
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel

DEADLINE_S = 0.9
"""What a page waits; the edge gives no decision more than a second."""
PAUSE_S = 0.05
"""Between two requests of one caller: two processors have a suite to run beside."""
PLACEMENT = "web.home.banner"
LIMIT = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request for a decision came to."""

    fault: str
    """What was being done to the suite."""
    status: str
    """`OK`, or the error."""
    shown: list[str]
    degraded: list[str]
    took_ms: float


class AnswerFile:
    """Every answer in a line of its own, for a checker that knows nothing else."""

    def __init__(self, file: Path) -> None:
        self._lines = file.open("a", encoding="utf-8")
        self.count = 0

    def write(self, answer: Answer) -> None:
        self._lines.write(json.dumps(asdict(answer)) + "\n")
        self.count += 1

    def close(self) -> None:
        self._lines.close()


class Callers:
    """Some callers of one or several edges; which fault it is they are told from outside."""

    def __init__(self, file: AnswerFile, fault: Callable[[], str]) -> None:
        self._file = file
        self._fault = fault
        self._numbers = itertools.count()
        self._ended = asyncio.Event()

    @asynccontextmanager
    async def asking(self, addresses: list[str], callers: int) -> AsyncIterator[None]:
        """Ask within the context, each caller again as soon as it has its answer."""
        async with connect(addresses, service_name("aggregator")) as channel:
            stub = AggregatorServiceStub(channel)
            tasks = [asyncio.create_task(self._go_on(stub)) for _ in range(callers)]
            try:
                yield
            finally:
                self._ended.set()
                await asyncio.gather(*tasks)
                self._ended.clear()

    async def _go_on(self, stub: Any) -> None:
        while not self._ended.is_set():
            self._file.write(await self._ask(stub))
            await asyncio.sleep(PAUSE_S)

    async def _ask(self, stub: Any) -> Answer:
        request = RecommendRequest(
            identities=identities({"visitor": f"soak-{next(self._numbers)}"}),
            channel=Channel.WEB,
            placements=[PlacementRequest(placement=PLACEMENT, limit=LIMIT)],
        )
        fault, began = self._fault(), time.monotonic()
        status, shown, degraded = "OK", [], []
        try:
            answer = await invoke(stub.Recommend, request, own_call("/soak/Recommend"), DEADLINE_S)
        except TouchpointError as error:
            status = f"{type(error).__name__} {error.reason}"
        else:
            degraded = [f"{each.service} {each.reason}" for each in answer.degraded]
            for placement in answer.placements:
                shown += [each.offer_id for each in placement.recommendations]
        return Answer(fault, status, shown, degraded, round((time.monotonic() - began) * 1e3, 1))

"""How soon an event moves a journey, from the call that tracks it until others hear of the move."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import TYPE_CHECKING

import grpc.aio

from bench.errors import MeasurementError
from cli.load.schedule import poisson
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest
from touchpoint.common.v1.bus_pb2 import EventNotices, JourneyNotice
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

STEPS = """\
scenarios:
  - scenario: bench_steps
    starts_on: [question_asked]
    goals: [purchase]
    stages:
      - stage: bench_first
        lasts: 1h
        on: [{on: [article_view], to: bench_second}]
      - stage: bench_second
        lasts: 1h
"""
_LED_BY = {"bench_first": "question_asked", "bench_second": "article_view"}
"""The event that leads to each stage."""
_PEOPLE_PER_S, _FOR_S = 30.0, 8.0
_TIMEOUT_S = 5.0
_PATIENCE_S = 30.0


class Stepped:
    """When each person was first heard to be in each stage."""

    def __init__(self) -> None:
        self._arrived: dict[tuple[str, str], asyncio.Future[float]] = {}
        self._persons: dict[str, asyncio.Future[str]] = {}

    def identify(self, data: bytes) -> None:
        """Take from the bus whose events are."""
        for notice in EventNotices.FromString(data).notices:
            person = self._person(notice.event_id)
            if not person.done():
                person.set_result(notice.person_id)

    def take(self, data: bytes) -> None:
        notice = JourneyNotice.FromString(data)
        arrival = self._arrival(notice.person_id, notice.stage)
        if notice.stage in _LED_BY and not (notice.ended or arrival.done()):
            arrival.set_result(time.monotonic())

    def _person(self, event_id: str) -> asyncio.Future[str]:
        loop = asyncio.get_running_loop()
        return self._persons.setdefault(event_id, loop.create_future())

    def _arrival(self, person_id: str, stage: str) -> asyncio.Future[float]:
        loop = asyncio.get_running_loop()
        return self._arrived.setdefault((person_id, stage), loop.create_future())

    async def steps_ms(self, edge: AggregatorServiceAsyncStub, number: int) -> list[float]:
        """Lead people never seen before on twice, and return how long each step took.

        Open loop, as shoppers come. Nothing else is asked meanwhile: who they are is heard on the
        bus. The first step asks profile about them, the second is a stage's reaction.
        """
        begun = time.monotonic()
        walks = []
        for index, at in enumerate(poisson(_PEOPLE_PER_S, _FOR_S, 100 + number)):
            await asyncio.sleep(begun + at - time.monotonic())
            customer = Identity(kind="customer", value=f"stepped-{number}-{index}")
            walks.append(asyncio.create_task(self._walk(edge, customer)))
        return [step for walk in await asyncio.gather(*walks) for step in walk]

    async def _walk(self, edge: AggregatorServiceAsyncStub, customer: Identity) -> list[float]:
        steps = []
        for stage, event_type in _LED_BY.items():
            tracked_s = time.monotonic()
            event_id = await _track(edge, customer, event_type)
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    person_id = await self._person(event_id)
                    arrived_s = await self._arrival(person_id, stage)
            except TimeoutError:
                raise MeasurementError(f"a journey never came to {stage}") from None
            steps.append((arrived_s - tracked_s) * 1000)
        return steps


async def _track(edge: AggregatorServiceAsyncStub, customer: Identity, event_type: str) -> str:
    """Track an event, and return its id."""
    event = Event(
        event_id=str(uuid.uuid4()), type=event_type, identities=[customer], channel=Channel.WEB
    )
    event.time.GetCurrentTime()
    try:
        answer = await edge.Track(TrackRequest(events=[event]), timeout=_TIMEOUT_S)
    except grpc.aio.AioRpcError as error:
        raise MeasurementError(f"an event was not tracked: {error.details()}") from None
    if answer.rejected:
        raise MeasurementError(f"an event was not accepted: {answer}")
    return event.event_id

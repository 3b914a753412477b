"""Watches what memory every process of a suite takes, from one request to a much later one."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc.aio

from cli.suite.footprint import memory_mb
from shared.processes.record import ChildRecord
from shared.testing.suite import RunningSuite, running_suite
from tests.journeys.channels import Channels, identities
from tests.journeys.definitions import for_everybody
from tests.journeys.shop import ITEMS, LAMP, NEAR_EVERY_OFFER, OFFERS
from tests.resilience.soak.result import Result
from tests.resilience.soak.sizes import Sizes
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, TrackRequest
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Channel

GROWTH = 0.02
CALLERS = 8
PEOPLE = 100
"""Met so often that what is kept of each, some 10 kB and their latest events, is full before memory
is watched: of 2,000 people all processes grow until they have seen 40 events of each."""
TRACKED_OF = 5
"""One request in so many says what happened; the others ask."""
SAMPLES, APART_S = 7, 0.7
ANSWER_S = 5.0
PROGRESS = 10_000

Tell = Callable[[str], None]


async def memory_growth(home: Path, sizes: Sizes, tell: Tell) -> list[Result]:
    """Return how much each process has grown between the two requests, and the largest of it."""
    flags = ("--data", "none", "--port", "0")
    environment = for_everybody(home / "definitions")
    async with (
        running_suite(home / "suite", *flags, environment=environment) as suite,
        Channels.opened(suite) as channels,
    ):
        await channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        numbers = itertools.count()
        await _asked(channels, numbers, sizes.memory_from, tell)
        before = await _memory(suite)
        await _asked(channels, numbers, sizes.memory_to - sizes.memory_from, tell)
        after = await _memory(suite)
    return _results(before, after, tell)


async def _asked(channels: Channels, numbers: Iterator[int], count: int, tell: Tell) -> None:
    left = iter(range(count))

    async def go_on() -> None:
        for _ in left:
            number = next(numbers)
            await _one(channels, number)
            if number and number % PROGRESS == 0:
                tell(f"{number:,} requests")

    await asyncio.gather(*(go_on() for _ in range(CALLERS)))


async def _one(channels: Channels, number: int) -> None:
    """Ask or tell; what is refused because there is too much of it takes its memory as well."""
    person = identities({"visitor": f"soaked-{number % PEOPLE}"})
    try:
        if number % TRACKED_OF:
            request = RecommendRequest(
                identities=person,
                channel=Channel.WEB,
                placements=[PlacementRequest(placement="web.home.banner", limit=5)],
            )
            await channels.edge.Recommend(request, timeout=ANSWER_S)
        else:
            event = Event(
                event_id=f"soak-{number}",
                type="view",
                identities=person,
                channel=Channel.WEB,
                item_id=LAMP,
            )
            event.time.GetCurrentTime()
            await channels.edge.Track(TrackRequest(events=[event]), timeout=ANSWER_S)
    except grpc.aio.AioRpcError:
        await asyncio.sleep(0.05)


async def _memory(suite: RunningSuite) -> dict[str, float]:
    """Return the megabytes of each process, the median over some seconds."""
    children = ChildRecord(suite.home / "run" / "up.json").read()
    samples: dict[str, list[float]] = {name: [] for name in children}
    for _ in range(SAMPLES):
        await asyncio.sleep(APART_S)
        for name, child in children.items():
            samples[name].append(memory_mb(child.pid))
    return {name: statistics.median(found) for name, found in samples.items()}


def _results(before: dict[str, float], after: dict[str, float], tell: Tell) -> list[Result]:
    growth = {name: after[name] / mb - 1 for name, mb in before.items() if mb}
    for name, share in growth.items():
        tell(f"{name}: {before[name]:.1f} MB, then {after[name]:.1f} MB ({share:+.1%})")
    each = [Result(f"memory_growth_{name}", share, "share") for name, share in growth.items()]
    return [Result("memory_growth", max(growth.values()), "share", at_most=GROWTH), *each]

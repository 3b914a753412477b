"""Sends shoppers to the shop, round after round, each round new people of the same kinds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from demo.traffic.answers import past_events
from demo.traffic.crowd import Arrival, Crowd
from demo.traffic.tally import Visit
from demo.traffic.visits import TrafficError, Visits, accepted
from touchpoint.common.v1.event_pb2 import Event

BATCH = 250
"""Events told at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much traffic; `at_once` is how many shoppers are in the shop at any time."""

    rounds: int
    shoppers: int
    seed: int
    pages: int = 2
    """Items each one looks at, with offers beside them, after the home page."""
    at_once: int = 6

    @property
    def visits(self) -> int:
        return self.rounds * self.shoppers


async def send(
    plan: Plan, crowd: Crowd, visits: Visits, on_visit: Callable[[Visit], None]
) -> list[Visit]:
    """Play the plan and return every visit; `on_visit` hears of each. Raises CallError."""
    played: list[Visit] = []
    for round_ in range(1, plan.rounds + 1):
        now_s = int(visits.clock().timestamp())
        arrivals = list(crowd.arrivals(round_, plan.shoppers, now_s, plan.pages))
        for batch in _batches([each for one in arrivals for each in past_events(one)]):
            await accepted(visits.edge, batch)
        played += await _round(round_, arrivals, visits, plan.at_once, on_visit)
        _recognised(played)
    return played


async def _round(
    round_: int,
    arrivals: Sequence[Arrival],
    visits: Visits,
    at_once: int,
    on_visit: Callable[[Visit], None],
) -> list[Visit]:
    room = asyncio.Semaphore(at_once)

    async def one(arrival: Arrival) -> Visit:
        async with room:
            visit = Visit(round_, arrival.number, await visits.play(arrival))
        on_visit(visit)
        return visit

    tasks = [asyncio.create_task(one(arrival)) for arrival in arrivals]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _recognised(visits: Sequence[Visit]) -> None:
    """Raise TrafficError when nothing shown is of the story shop: its tastes say nothing then."""
    seen = [each for visit in visits for page in visit.pages for each in page.seen]
    if not any(each.ware.categories for each in seen):
        raise TrafficError(
            "Nothing that was shown is of the story shop: start it with `touchpoint up`."
        )


def _batches(events: Sequence[Event]) -> Iterator[list[Event]]:
    told = iter(events)
    while batch := list(islice(told, BATCH)):
        yield batch

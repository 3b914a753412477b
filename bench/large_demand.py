"""Purchases of the last weeks, told to a large retrieval over its bus: some things rise."""

from __future__ import annotations

import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator

from bench.large_catalogue import LargeCatalogue
from bench.large_model import person_id
from bench.large_requests import PLACEMENT, REGULARS, in_front
from shared.bus import Publication, open_bus
from shared.bus.subjects import events_of
from touchpoint.common.v1.bus_pb2 import EventNotice, EventNotices

_SCHEMA = 1
_STEADY, _RISING = 600, 30
_A_DAY, _RISING_A_DAY = 1, 10
_DAYS = (0, 1, 2)
"""Days ago that are compared with those of the weeks before."""
_WEEKS = (1, 2, 3)
_DAY_US = 86_400_000_000


async def tell_of_demand(nats_url: str, catalogue: LargeCatalogue) -> None:
    """Publish what regulars bought where they were shown it, as profile would have."""
    async with open_bus(nats_url, name="bench") as bus:
        await bus.publish(list(told_of_demand(catalogue, time.time_ns() // 1000)))


def told_of_demand(catalogue: LargeCatalogue, now_us: int) -> Iterator[Publication]:
    """Yield the events of each regular in their order."""
    events: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for at, event in enumerate(_bought(catalogue, now_us)):
        events[at % REGULARS].append(event)
    for person, bought in events.items():
        notices = [
            EventNotice(
                person_id=person_id(person),
                seq=seq,
                type="purchase",
                time_us=time_us,
                received_us=now_us,
                offer_no=no,
                placement=PLACEMENT,
            )
            for seq, (time_us, no) in enumerate(sorted(bought), 1)
        ]
        subject = events_of(person_id(person))
        yield Publication.of(subject, _SCHEMA, EventNotices(notices=notices))


def _bought(catalogue: LargeCatalogue, now_us: int) -> Iterator[tuple[int, int]]:
    """Yield when each of some things was bought: as often as ever, or more these days."""
    nos = [no for each in in_front(catalogue).values() for no in each[:3]]
    some = random.Random(5).sample(nos, min(_STEADY + _RISING, len(nos)))
    for place, no in enumerate(some):
        lately = _RISING_A_DAY if place < _RISING else _A_DAY
        for ago in _DAYS:
            yield from itertools.repeat((now_us - ago * _DAY_US, no), lately)
            yield from ((now_us - (ago + 7 * week) * _DAY_US, no) for week in _WEEKS)

"""Whether what was just tracked on one replica is known to the next question on another."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc.aio

from bench.customers import PLACEMENT, shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    RecommendRequest,
    TrackRequest,
)
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

WRITES = 1_000
_ROUNDS = 4
_AT_ONCE = 4
_LIMIT = 5
_MOST_PASSED_OVER = 50
_TIMEOUT_S = 5.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Track a decline or a purchase of what was offered, then ask through the other replica."""
    del scale  # 1,000 in every form
    people = itertools.cycle(shoppers().customers)
    violations = []
    async with (
        grpc.aio.insecure_channel(suite.running.grpc["aggregator"][0]) as one,
        grpc.aio.insecure_channel(suite.running.grpc["aggregator"][1]) as other,
    ):
        edges = _Edges([AggregatorServiceStub(one), AggregatorServiceStub(other)])
        for number in range(_ROUNDS):
            tell(f"reading what was written, {number * WRITES // _ROUNDS} of {WRITES} done")
            turns = iter(range(WRITES // _ROUNDS))
            callers = (_violations(edges, people, turns) for _ in range(_AT_ONCE))
            violations.append(sum(await asyncio.gather(*callers)))
    yield [Figure.pooled("read_your_write_violations", sum(violations), violations)]


@dataclass(frozen=True, slots=True)
class _Edges:
    stubs: Sequence[AggregatorServiceAsyncStub]

    def by_turn(self, turn: int) -> tuple[AggregatorServiceAsyncStub, AggregatorServiceAsyncStub]:
        """Return where to write and where to read."""
        return self.stubs[turn % 2], self.stubs[1 - turn % 2]


async def _violations(edges: _Edges, people: Iterator[Identity], turns: Iterator[int]) -> int:
    """Take turns until there are none; the callers share them."""
    return sum([await _is_violated(edges, people, turn) for turn in turns])


async def _is_violated(edges: _Edges, people: Iterator[Identity], turn: int) -> bool:
    writer, reader = edges.by_turn(turn)
    person, offered = await _somebody_with_an_offer(writer, people)
    event = _event(person, offered[0], "purchase" if turn // 2 % 2 else "decline")
    tracked = await writer.Track(TrackRequest(events=[event]), timeout=_TIMEOUT_S)
    if tracked.accepted != 1:
        raise MeasurementError(f"the {event.type} was not accepted: {tracked}")
    asked = GetCustomerViewRequest(identities=[person])
    again, view = await asyncio.gather(
        _offered(reader, person), reader.GetCustomerView(asked, timeout=_TIMEOUT_S)
    )
    seen = any(
        (recent.type, recent.item_id) == (event.type, event.item_id) for recent in view.recent
    )
    return event.item_id in again or not seen


async def _somebody_with_an_offer(
    edge: AggregatorServiceAsyncStub, people: Iterator[Identity]
) -> tuple[Identity, list[str]]:
    """Pass over people who are shown the same as everybody: their arm, nothing to read back."""
    for person in itertools.islice(people, _MOST_PASSED_OVER):
        offered = await _offered(edge, person)
        if offered:
            return person, offered
    raise MeasurementError(f"{_MOST_PASSED_OVER} customers in a row were offered no product")


async def _offered(edge: AggregatorServiceAsyncStub, person: Identity) -> list[str]:
    """Return the products offered, but for default offers: these may always be shown."""
    request = RecommendRequest(
        identities=[person],
        channel=Channel.WEB,
        placements=[PlacementRequest(placement=PLACEMENT, limit=_LIMIT)],
    )
    request.context.session_id = str(uuid.uuid4())
    answer = await edge.Recommend(request, timeout=_TIMEOUT_S)
    return [
        shown.item_id
        for shown in answer.placements[0].recommendations
        if shown.kind == OfferKind.PRODUCT and shown.reasons[0].code != Source.DEFAULT
    ]


def _event(person: Identity, item_id: str, type_: str) -> Event:
    event = Event(
        event_id=str(uuid.uuid4()),
        type=type_,
        identities=[person],
        channel=Channel.WEB,
        item_id=item_id,
        offer_id=item_id,
        order_id=str(uuid.uuid4()) if type_ == "purchase" else "",
    )
    event.time.GetCurrentTime()
    return event

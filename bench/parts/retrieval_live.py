"""How soon an item that was just written is found by what it is, on every replica."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.load.generator import drive
from cli.load.outcome import percentile
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.decision_pb2 import DecisionContext, PlacementAsk
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel, OfferKind, Source
from touchpoint.retrieval.v1.retrieval_pb2 import Item
from touchpoint.retrieval.v1.retrieval_service_pb2 import (
    GetOffersRequest,
    RetrieveRequest,
    StreamCatalogueRequest,
    UpsertItemsRequest,
)
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2 import GetActiveBundleRequest
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceAsyncStub

SEARCHES_PER_S = 100.0
_ITEMS_A_ROUND = 100
_PLACEMENT = "web.item"
_CATEGORY = "Bench > Written just now"
"""Of its own, so that nothing but likeness can bring an item up."""
_BY_CONTENT = {Source.SIMILAR, Source.FOR_YOU}
"""What bring up what nobody dealt with: it is like what is in view, or its foretold taste is near.
What both propose belongs to the second."""
_ASK_AGAIN_S = 0.005
_GIVEN_UP_S = 5.0
_TIMEOUT_S = 5.0
_US = 1_000_000


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Write items like others and look at those others until the new one is proposed.

    Two replicas are searched at `SEARCHES_PER_S` together all the while; one takes the writes.
    """
    async with _replicas(suite) as stubs:
        shop = _Shop(stubs, await _bundle_hash(suite), await _items(stubs[0]))
        found, gone = [], []
        for number in range(scale.rounds):
            tell(f"writing {_ITEMS_A_ROUND} items, round {number + 1} of {scale.rounds}")
            async with _searching(shop, number):
                spent = [await _written(shop) for _ in range(_ITEMS_A_ROUND)]
            found.append(percentile(sorted(each[0] for each in spent), 0.99))
            gone.append(percentile(sorted(each[1] for each in spent), 0.99))
            tell(f"found after {found[-1]:.0f} ms, gone after {gone[-1]:.0f} ms")
    yield [
        Figure.median("upsert_to_searchable_p99_ms", found),
        Figure.median("withdrawn_to_gone_p99_ms", gone),
    ]


@dataclass(frozen=True, slots=True)
class _Shop:
    stubs: Sequence[RetrievalServiceAsyncStub]
    bundle_hash: str
    rows: Sequence[CatalogueRow]
    """Items to be alike to."""

    def request(self, row: CatalogueRow) -> RetrieveRequest:
        context = DecisionContext(
            bundle_hash=self.bundle_hash,
            now_us=time.time_ns() // 1000,
            channel=Channel.WEB,
            placements=[PlacementAsk(placement=_PLACEMENT, limit=10)],
            arm=Arm.PERSONALISED,
            item_nos=[row.offer_no],
        )
        return RetrieveRequest(context=context)

    async def proposes(
        self, stub: RetrievalServiceAsyncStub, row: CatalogueRow, offer_no: int
    ) -> bool:
        """Say whether a replica finds an item by its content."""
        answer = await stub.Retrieve(self.request(row), timeout=_TIMEOUT_S)
        found = dict(zip(answer.candidates.offer_nos, answer.candidates.sources, strict=True))
        return found.get(offer_no) in _BY_CONTENT


_NUMBERS = itertools.count(1)


async def _written(shop: _Shop) -> tuple[float, float]:
    """Write an item and take it out of sale; return ms until each is seen on all replicas."""
    row = random.choice(shop.rows)
    item = Item(
        item_id=f"bench-live-{next(_NUMBERS)}",
        title=row.title,
        category=_CATEGORY,
        brand=row.brand,
        price=Money(amount=f"{row.price_micros / _US:.2f}", currency=row.currency),
    )
    await _write(shop, item)
    begun = time.perf_counter()
    asked = GetOffersRequest(offer_ids=[item.item_id])
    offer_no = (await shop.stubs[0].GetOffers(asked, timeout=_TIMEOUT_S)).rows[0].offer_no
    found_ms = await _until(shop, row, offer_no, begun, is_there=True)
    item.withdrawn = True
    await _write(shop, item)
    gone_ms = await _until(shop, row, offer_no, time.perf_counter(), is_there=False)
    return found_ms, gone_ms


async def _write(shop: _Shop, item: Item) -> None:
    request = UpsertItemsRequest(items=[item])
    answer = await shop.stubs[0].UpsertItems(request, timeout=_TIMEOUT_S)
    if answer.written != 1:
        raise MeasurementError(f"the item was not written: {answer}")


async def _until(
    shop: _Shop, row: CatalogueRow, offer_no: int, begun: float, *, is_there: bool
) -> float:
    """Return the ms since then at which the last replica proposes an item, or no longer does."""

    async def on(stub: RetrievalServiceAsyncStub) -> None:
        while await shop.proposes(stub, row, offer_no) is not is_there:
            if time.perf_counter() - begun > _GIVEN_UP_S:
                state = "not found" if is_there else "still found"
                raise MeasurementError(f"{state} after {_GIVEN_UP_S:.0f} s, beside {row.title!r}")
            await asyncio.sleep(_ASK_AGAIN_S)

    await asyncio.gather(*map(on, shop.stubs))
    return (time.perf_counter() - begun) * 1000


@asynccontextmanager
async def _searching(shop: _Shop, seed: int) -> AsyncIterator[None]:
    """Search at the rate, by turns, as long as the context is open."""
    by_turn, is_over = itertools.cycle(shop.stubs), asyncio.Event()

    async def send(request: RetrieveRequest) -> str:
        await next(by_turn).Retrieve(request, timeout=_TIMEOUT_S)
        return ""

    due = (at / SEARCHES_PER_S for at in itertools.count())
    while_open = itertools.takewhile(lambda _: not is_over.is_set(), due)
    driving = asyncio.create_task(drive(send, _requests(shop, seed), while_open))
    try:
        yield
    finally:
        is_over.set()
        summary = await driving
    if summary.failed:
        raise MeasurementError(f"{summary.failed} searches failed: {summary.reasons}")


def _requests(shop: _Shop, seed: int) -> Iterator[RetrieveRequest]:
    chance = random.Random(seed)
    while True:
        yield shop.request(chance.choice(shop.rows))


@asynccontextmanager
async def _replicas(suite: OpenedSuite) -> AsyncIterator[Sequence[RetrievalServiceAsyncStub]]:
    one, other = suite.running.grpc["retrieval"]
    async with grpc.aio.insecure_channel(one) as first, grpc.aio.insecure_channel(other) as second:
        yield RetrievalServiceStub(first), RetrievalServiceStub(second)


async def _items(stub: RetrievalServiceAsyncStub) -> list[CatalogueRow]:
    """Return families in stock, each of which may be in view."""
    rows = [
        row
        async for part in stub.StreamCatalogue(StreamCatalogueRequest(), timeout=_TIMEOUT_S)
        for row in part.batch.rows
    ]
    latest = {row.offer_no: row for row in rows}.values()
    return [row for row in latest if row.kind == OfferKind.PRODUCT and row.stock and row.currency]


async def _bundle_hash(suite: OpenedSuite) -> str:
    async with grpc.aio.insecure_channel(suite.running.grpc["rules"][0]) as channel:
        request = GetActiveBundleRequest(service="retrieval", replica="bench")
        return (await RulesServiceStub(channel).GetActiveBundle(request)).bundle_hash

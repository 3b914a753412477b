"""Callers who go on whatever happens: open-loop decisions, and events repeated until taken."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

import grpc.aio

from cli.load.schedule import poisson
from tests.journeys.channels import identities
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER
from tests.resilience.under_load.acknowledged import AcknowledgedFile, Decided
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import Context, PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

DECISIONS_PER_S = 8.0
BATCHES_PER_S = 4.0
EVENTS_IN_A_BATCH = 3
ANSWER_S = 5.0
"""What callers wait; the edge gives no decision more than a second."""
PAUSE_S = 0.3
"""Before a caller repeats what was not acknowledged."""
IN_A_ROW = 6
"""Undegraded answers in a row after which all is well."""
WELL_AGAIN_S = 90.0
A_LONG_TIME_S = 3600.0
PLACEMENTS = (("web.home.banner", Channel.WEB), ("agent.prompt", Channel.CALL_CENTER))
TYPES = ("view", "view", "search", "page_view", "add_to_cart", "remove_from_cart", "purchase")


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request for a decision."""

    number: int
    """In the order in which they were sent."""
    customer: str
    status: str
    """`OK`, or the status that it failed with."""
    degraded: frozenset[str] = frozenset()
    unanswered: frozenset[str] = frozenset()
    """Steps that were asked in vain: `rules.Check`."""
    shown: tuple[str, ...] = ()
    kinds: frozenset[int] = frozenset()

    @property
    def is_well(self) -> bool:
        return self.status == "OK" and not self.degraded


class Load:
    """Load on one edge, within a context; what was acknowledged is written down first."""

    def __init__(
        self, address: str, file: AcknowledgedFile, customers: Sequence[str], seed: str
    ) -> None:
        self._address = address
        self._file = file
        self._customers = customers
        self._chance = random.Random(seed)
        self._seed = seed
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()
        self._stopping = False
        self._sent = 0
        self.answers: list[Answer] = []
        self.batches = 0
        """Batches of events that were begun."""
        self.taken = 0
        """Batches that were acknowledged in the end."""

    async def __aenter__(self) -> Load:
        self._channel = grpc.aio.insecure_channel(
            self._address, options=(("grpc.max_reconnect_backoff_ms", 500),)
        )
        self._edge = AggregatorServiceStub(self._channel)
        self._sending = [
            asyncio.create_task(self._send(DECISIONS_PER_S, self._decide)),
            asyncio.create_task(self._send(BATCHES_PER_S, self._track)),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Send nothing more, wait for every answer, repeat what is not acknowledged yet."""
        for sending in self._sending:
            sending.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        try:
            async with asyncio.timeout(WELL_AGAIN_S):
                await asyncio.gather(*self._tasks)
        finally:
            self._stopping = True
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._channel.close()

    async def _send(self, rate: float, work: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for at in poisson(rate, A_LONG_TIME_S, self._chance.randrange(1 << 30)):
            await asyncio.sleep(began + at - loop.time())
            task = asyncio.create_task(work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _decide(self) -> None:
        self._sent += 1
        number, customer = self._sent, self._chance.choice(self._customers)
        placement, channel = self._chance.choice(PLACEMENTS)
        request = edge_pb.RecommendRequest(
            identities=identities({"customer": customer}),
            channel=channel,
            placements=[PlacementRequest(placement=placement, limit=3)],
            explain=True,
            # A session of its own frees the request from the decision that stands.
            context=Context(session_id=f"load-{self._seed}-{number}", item_ids=NEAR_EVERY_OFFER),
        )
        try:
            answer = await self._edge.Recommend(request, timeout=ANSWER_S)
        except grpc.aio.AioRpcError as error:
            self._note(Answer(number, customer, error.code().name))
            return
        chosen = [found for each in answer.placements for found in each.recommendations]
        degraded = frozenset(entry.service for entry in answer.degraded)
        unanswered = frozenset(
            step.service for step in answer.timings if step.outcome not in ("OK", "SKIPPED")
        )
        kinds = frozenset(found.kind for found in chosen)
        if "rules" not in degraded:
            contact = placement == "agent.prompt" and OfferKind.PROMOTION in kinds
            self._file.decided(Decided(answer.decision_id, customer, contact))
        shown = tuple(found.offer_id for found in chosen)
        self._note(Answer(number, customer, "OK", degraded, unanswered, shown, kinds))

    def _note(self, answer: Answer) -> None:
        self.answers.append(answer)
        self._ended.set()

    async def _track(self) -> None:
        """Repeat one batch until it is taken, as a caller does who must not lose it."""
        self.batches += 1
        request = edge_pb.TrackRequest(events=list(self._events()))
        while not self._stopping:
            try:
                answer = await self._edge.Track(request, timeout=ANSWER_S)
            except grpc.aio.AioRpcError:
                await asyncio.sleep(PAUSE_S)
                continue
            assert not answer.rejected, answer
            self._file.events([event.event_id for event in request.events])
            self.taken += 1
            return

    def _events(self) -> Iterator[Event]:
        for _ in range(EVENTS_IN_A_BATCH):
            event = Event(
                event_id=str(uuid.UUID(int=self._chance.getrandbits(128))),
                type=self._chance.choice(TYPES),
                identities=identities({"customer": self._chance.choice(self._customers)}),
                channel=Channel.WEB,
                item_id=self._chance.choice(ITEMS).item_id,
                quantity=1,
            )
            event.time.GetCurrentTime()
            yield event

    async def more(self, count: int) -> list[Answer]:
        """Wait for the outcome of `count` requests that were sent from now on."""
        return await self._since(self._sent, lambda found: len(found) >= count)

    async def until_well(self) -> list[Answer]:
        """Wait until of the requests sent from now on the last few were answered undegraded."""

        def well(found: list[Answer]) -> bool:
            last = found[-IN_A_ROW:]
            return len(last) == IN_A_ROW and all(answer.is_well for answer in last)

        return await self._since(self._sent, well)

    async def _since(self, sent: int, enough: Callable[[list[Answer]], bool]) -> list[Answer]:
        async with asyncio.timeout(WELL_AGAIN_S):
            while True:
                found = [answer for answer in self.answers if answer.number > sent]
                if enough(found):
                    return found
                self._ended.clear()
                await self._ended.wait()

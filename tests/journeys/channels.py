"""The retailer's channels as they call the edge, and what tests ask the services behind it."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import grpc.aio

from cli.suite.waiting import serves
from shared.processes.record import ChildRecord
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import Context, PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.clock_service_pb2 import GetClockRequest, MoveClockRequest
from touchpoint.common.v1.clock_service_pb2_grpc import ClockServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

TIMEOUT_S = 20.0
"""What a journey waits for an answer; the edge gives none more than a second to decide."""
PATIENCE_S = 60.0
"""What is waited for at most; only a machine that stalls, or a fault, takes so long."""
COLOCATED = "suite"
_ASK = GetClockRequest()
_ONCE = b"/MoveClock"
"""Ends the name of what may not be done twice; all else is told by its id, or only asked."""
_STUBS = {
    "aggregator": AggregatorServiceStub,
    "profile": ProfileServiceStub,
    "retrieval": RetrievalServiceStub,
    "rules": RulesServiceStub,
    "ranker": RankerServiceStub,
    "scenario": ScenarioServiceStub,
}


class AsksAgain(grpc.aio.UnaryUnaryClientInterceptor):
    """Asks again what was answered too late, as those who insist on an answer do.

    The edge gives nobody more than a second, which a machine that stalls takes for nothing at all;
    a service that never answers in time is still found out.
    """

    async def intercept_unary_unary(self, continuation, client_call_details, request):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                call = await continuation(client_call_details, request)
                is_late = await call.code() is grpc.StatusCode.DEADLINE_EXCEEDED
                if not is_late or client_call_details.method.endswith(_ONCE):
                    return call


class Channels:
    """Calls the edge as web, app, call centre and the rest do; `ways` lead to every service."""

    def __init__(self, suite, ways):
        self.suite = suite
        self.ways = ways
        self.stubs = {name: _STUBS[name](channel) for name, channel in ways.items()}
        self.clocks = {name: ClockServiceStub(channel) for name, channel in ways.items()}
        self.edge = self.stubs["aggregator"]
        self.ahead = timedelta()
        """How far the suite's business time is ahead."""

    @classmethod
    @asynccontextmanager
    async def opened(cls, suite):
        channels = {
            name: grpc.aio.insecure_channel(suite.grpc[name][0], interceptors=[AsksAgain()])
            for name in _STUBS
        }
        try:
            yield cls(suite, channels)
        finally:
            for channel in channels.values():
                await channel.close()

    async def stock(self, items, offers, near_every_offer):
        """Fill the shop, and wait until the edge offers from it."""
        retrieval = self.stubs["retrieval"]
        written = await retrieval.UpsertItems(
            retrieval_pb.UpsertItemsRequest(items=items), timeout=PATIENCE_S
        )
        assert not written.rejected
        written = await retrieval.UpsertOffers(
            retrieval_pb.UpsertOffersRequest(offers=offers), timeout=PATIENCE_S
        )
        assert not written.rejected
        in_view = Context(item_ids=near_every_offer)

        async def proposed():
            answer = await self.recommend({"visitor": str(uuid.uuid4())}, context=in_view)
            request = edge_pb.ExplainDecisionRequest(decision_id=answer.decision_id)
            explained = await self.edge.ExplainDecision(request, timeout=TIMEOUT_S)
            found = {candidate.offer_id for candidate in explained.candidates}
            return {offer.offer_id for offer in offers} <= found

        await until(proposed)

    async def recommend(
        self,
        person,
        placement="web.home.banner",
        channel=Channel.WEB,
        *,
        limit=50,
        timeout=TIMEOUT_S,
        **more,
    ):
        """Ask for one placement; a degraded answer is none for a journey: then ask again."""
        request = edge_pb.RecommendRequest(
            identities=identities(person),
            channel=channel,
            placements=[PlacementRequest(placement=placement, limit=limit)],
            **more,
        )
        return await whole(lambda: self.edge.Recommend(request, timeout=timeout))

    async def agent(self, person, **more):
        """Ask what the call-centre agent should propose."""
        return await self.recommend(person, "agent.prompt", Channel.CALL_CENTER, **more)

    async def track(self, person, type_, *, ago=timedelta(), channel=Channel.WEB, **more):
        """Say that something happened, and insist that it was taken."""
        value = more.pop("value", None)
        event = Event(
            event_id=str(uuid.uuid4()),
            type=type_,
            identities=identities(person),
            channel=channel,
            **more,
        )
        event.time.FromDatetime(self.now() - ago)
        if value is not None:
            event.value.CopyFrom(Money(amount=str(value), currency="USD"))
        answer = await self.edge.Track(edge_pb.TrackRequest(events=[event]), timeout=TIMEOUT_S)
        assert answer.accepted + answer.duplicates == 1, answer
        return event

    def now(self):
        """Return the business time of the suite."""
        return datetime.now(UTC) + self.ahead

    async def move_clock(self, by):
        """Move business time forward, and wait until every service has it."""
        request = MoveClockRequest()
        request.by.FromTimedelta(by)
        moved = await self.clocks["aggregator"].MoveClock(request, timeout=TIMEOUT_S)
        self.ahead = moved.offset.ToTimedelta()

        async def everywhere():
            answers = [
                await clock.GetClock(_ASK, timeout=TIMEOUT_S) for clock in self.clocks.values()
            ]
            return all(answer.offset.ToTimedelta() >= self.ahead for answer in answers)

        await until(everywhere)

    async def kill(self, service):
        """Kill a service as a crash would, and return once it is back: alone, or with its process.

        The one that is started in its place listens where the killed one did.
        """
        children = ChildRecord(self.suite.home / "run" / "up.json")
        name = service if service in children.read() else COLOCATED
        killed = children.read()[name]
        os.kill(killed.pid, signal.SIGKILL)

        async def is_back():
            if children.read().get(name, killed) == killed:
                return False
            health = [serves(channel, name) for name, channel in self.ways.items()]
            return all(await asyncio.gather(*health))

        await until(is_back)

    async def view(self, person, **more):
        """Ask for all that is known of a person; with a part missing, ask again."""
        request = edge_pb.GetCustomerViewRequest(identities=identities(person), **more)
        return await whole(lambda: self.edge.GetCustomerView(request, timeout=TIMEOUT_S))


def identities(person: Mapping[str, str]) -> list[Identity]:
    return [Identity(kind=kind, value=value) for kind, value in person.items()]


def only(person: Mapping[str, str], *kinds: str) -> dict[str, str]:
    """Name a person by some of their identities only."""
    return {kind: person[kind] for kind in kinds}


def shown(answer) -> list[str]:
    """Return the offer ids of an answer, in order of placement and position."""
    return [
        recommendation.offer_id
        for placement in answer.placements
        for recommendation in placement.recommendations
    ]


def removed(answer) -> dict[str, int]:
    """Return why each removed offer was removed; ask with `explain`."""
    return {removal.offer_id: removal.code for removal in answer.removed}


def session(session_id: str) -> Context:
    return Context(session_id=session_id)


async def until(condition: Callable[[], Awaitable[bool]], patience_s: float = PATIENCE_S) -> None:
    """Return once a condition holds that the bus brings about; fail when it never does."""
    async with asyncio.timeout(patience_s):
        while not await condition():
            await asyncio.sleep(0.02)


async def whole(ask: Callable[[], Awaitable]):
    """Return the first answer to which nothing is missing; fail when there never is one."""
    answers = []

    async def complete():
        answers.append(await ask())
        return not answers[-1].degraded

    await until(complete)
    return answers[-1]

"""Every replica comes to the new definitions, and no decision is made of two versions."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid
from contextlib import asynccontextmanager

import grpc.aio
import pytest

from shared.testing.suite import running_suite
from tests.integration.rules.versions import PLACEMENT, signs, version
from tests.journeys.channels import (
    PATIENCE_S,
    TIMEOUT_S,
    AsksAgain,
    Channels,
    identities,
    until,
)
from tests.journeys.shop import ITEMS, NEAR_EVERY_OFFER, OFFERS
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import CartItem, Context, PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

SERVICES = ("aggregator", "profile", "retrieval", "rules", "ranker", "scenario")
TWICE = [flag for service in SERVICES for flag in ("--replicas", f"{service}=2")]
SHOWN = {"edge", "retrieval", "rules", "profile", "ranker", "scenario", "words"}
"""What a version can be told by."""
ENOUGH = 5
"""Decisions of each edge, undegraded, before definitions change again."""


class Asking:
    """Somebody new asks one edge again and again; notes what each whole answer shows."""

    def __init__(self, stub):
        self._stub = stub
        self.goes_on = True
        self.seen = []
        """Of each decision the bundle it names, and by which version each service worked."""

    async def run(self):
        while self.goes_on:
            answer = await self._stub.Recommend(_asked(), timeout=TIMEOUT_S)
            if answer.degraded:  # also what could not be committed, and so cannot be explained
                continue
            explained = await self._stub.ExplainDecision(
                edge_pb.ExplainDecisionRequest(decision_id=answer.decision_id), timeout=TIMEOUT_S
            )
            assert explained.trace.bundle_hash == answer.bundle_hash
            self.seen.append((answer.bundle_hash, signs(answer, explained)))

    def latest(self):
        """Return the bundles of the latest decisions."""
        return {bundle_hash for bundle_hash, _ in self.seen[-ENOUGH:]}


def _asked():
    return edge_pb.RecommendRequest(
        identities=identities({"visitor": str(uuid.uuid4())}),
        channel=Channel.WEB,
        placements=[PlacementRequest(placement=PLACEMENT)],
        context=Context(
            session_id=str(uuid.uuid4()),
            item_ids=NEAR_EVERY_OFFER,
            cart=[CartItem(item_id="tv-1")],
        ),
        explain=True,
    )


@asynccontextmanager
async def stubs(addresses, make):
    channels = [
        grpc.aio.insecure_channel(address, interceptors=[AsksAgain()]) for address in addresses
    ]
    try:
        yield [make(channel) for channel in channels]
    finally:
        for channel in channels:
            await channel.close()


@asynccontextmanager
async def going_on(asking):
    """Let all of them ask meanwhile; what one of them finds wrong ends the rest, and is raised."""
    async with asyncio.TaskGroup() as group:
        for each in asking:
            group.create_task(each.run())
        yield
        for each in asking:
            each.goes_on = False


@pytest.fixture(scope="module")
async def suite(tmp_path_factory):
    home = tmp_path_factory.mktemp("twice")
    async with (
        running_suite(home, "--data", "none", "--port", "0", *TWICE) as suite,
        Channels.opened(suite) as channels,
    ):
        await channels.stock(ITEMS, OFFERS, NEAR_EVERY_OFFER)
        yield suite


@pytest.fixture
async def apply(suite):
    """Apply a version with one text changed, by one replica after the other; returns its hash."""
    async with stubs(suite.grpc["rules"], RulesServiceStub) as rules:
        turn = itertools.count()

        async def applied(letter, share=None, change=("", "")):
            files = version(letter)
            for file in files:
                file.text = file.text.replace(*change)
            request = rules_pb.ApplyDefinitionsRequest(files=files, share=share)
            answer = await rules[next(turn) % 2].ApplyDefinitions(request, timeout=PATIENCE_S)
            assert not [each for each in answer.problems if not each.warning], answer.problems
            return answer.trial.bundle_hash if share is not None else answer.bundle_hash

        yield applied


def gone_by(suite, service, number):
    """Return the bundles that a replica has gone by, in turn, as its log tells."""
    name = service if number == 0 else f"{service}-{number + 1}"
    lines = (suite.home / "logs" / f"{name}.log").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines if '"bundle_switched"' in line]
    return [each["bundle_hash"] for each in told]


async def test_every_replica_gets_there_and_no_decision_is_of_two_versions(suite, apply):
    a = await apply("a")
    async with stubs(suite.grpc["aggregator"], AggregatorServiceStub) as edges:
        asking = [Asking(edge) for edge in edges]

        async def all_decide_by(*hashes):
            async def there():
                enough = all(len(each.seen) >= ENOUGH for each in asking)
                return enough and all(each.latest() == set(hashes) for each in asking)

            await until(there)

        async with going_on(asking):
            await all_decide_by(a)
            for each in asking:
                each.seen.clear()  # of what was shipped
            b = await apply("b")
            await all_decide_by(b)
            assert await apply("a", share=0.5) == a
            await all_decide_by(a, b)
            assert await apply("a") == a
            await all_decide_by(a)
    letters = {a: "a", b: "b"}
    for each in asking:
        assert {bundle_hash for bundle_hash, _ in each.seen} == {a, b}
        assert {service for _, by in each.seen for service in by} >= SHOWN
        for bundle_hash, by in each.seen:
            assert set(by.values()) == {letters[bundle_hash]}, by

    async def all_went_by():
        turns = [gone_by(suite, name, number) for name in SERVICES for number in range(2)]
        return all(turn[-3:] == [a, b, a] for turn in turns)

    await until(all_went_by)


async def test_an_offer_is_what_the_definitions_in_force_say_also_after_going_back(suite, apply):
    async def titles():
        """Return how the edges name the offer about films."""
        found = set()
        async with stubs(suite.grpc["aggregator"], AggregatorServiceStub) as edges:
            for edge in edges:
                request = _asked()
                request.placements[0].CopyFrom(PlacementRequest(placement="web.faq", limit=50))
                answer = await edge.Recommend(request, timeout=TIMEOUT_S)
                shown = answer.placements[0].recommendations
                found |= {each.creative.title for each in shown if each.offer_id == "found.a"}
        return found

    async def named(title):
        async def so():
            return await titles() == {title}

        await until(so)

    await apply("a")
    await named("All about films")
    await apply("a", change=("title: All about films", "title: All about the cinema"))
    await named("All about the cinema")
    async with stubs(suite.grpc["rules"], RulesServiceStub) as (rules, _):
        back = rules_pb.RollbackDefinitionsRequest()
        await rules.RollbackDefinitions(back, timeout=PATIENCE_S)
    await named("All about films")


async def test_of_definitions_that_a_service_refuses_nothing_takes_effect(suite, apply):
    a = await apply("a")
    wrong = "title: All about films\n    about_items: [of-no-such-item]"
    with pytest.raises(grpc.aio.AioRpcError, match="of-no-such-item") as refused:
        await apply("b", change=("title: All about films", wrong))
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    async with stubs(suite.grpc["aggregator"], AggregatorServiceStub) as edges:
        for edge in edges:
            assert (await edge.Recommend(_asked(), timeout=TIMEOUT_S)).bundle_hash == a

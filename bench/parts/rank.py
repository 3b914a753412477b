"""How long ranking 200 candidates takes: by itself, and in the service."""

from __future__ import annotations

import asyncio
import itertools
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import grpc.aio

from bench.asking import Asking
from bench.customers import PLACEMENT, shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.handled import HandledTimes
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.parts.rules import applied
from bench.rules_scene import Scene, scene
from bench.scale import Scale
from bench.shown import Shown
from cli.load.generator import Send
from services.ranker.definitions import RankingDefinitions, compile_bundle
from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import decode
from services.ranker.domain.model import Model
from services.ranker.ranking import Ranker
from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest, TrackRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Arm, Channel
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceAsyncStub

REQUESTS_PER_S = 100.0
_RANKED = 200
_LEARNED = 400
"""Rows that the model of this process has learned from: what is known badly is drawn."""
_TIMEOUT_S = 2.0
_PATIENCE_S = 10.0
_POLL_S = 0.05
_AT_MOST_OF_A_CATEGORY = SlateConstraint(attribute="CATEGORY", depth=1, at_most=2)


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Rank in this process, then ask the service open loop, once it has learned something."""
    shop = await scene(suite)
    yield [_domain(shop, scale, tell)]
    running = suite.running
    async with (
        grpc.aio.insecure_channel(running.grpc["rules"][0]) as rules_channel,
        grpc.aio.insecure_channel(running.grpc["ranker"][0]) as ranker_channel,
        grpc.aio.insecure_channel(running.edge) as edge_channel,
    ):
        files = read_folder(shipped_definitions())
        rules = RulesServiceStub(rules_channel)
        bundle_hash = await applied(rules, rules_pb.ApplyDefinitionsRequest(files=files))
        ranker = RankerServiceStub(ranker_channel)
        await _taught(AggregatorServiceStub(edge_channel), ranker)
        times = HandledTimes(running.home / "logs" / "ranker.log", "Rank")
        asking = Asking(times, _ranking(ranker), REQUESTS_PER_S)
        for number in range(scale.rounds):
            await asking.round(_requests(shop, bundle_hash, number), scale, number, tell)
    yield [
        Figure.median("rank_200_p99_ms", asking.inside_ms),
        Figure.median("rank_200_grpc_p99_ms", asking.outside_ms),
    ]


def _domain(shop: Scene, scale: Scale, tell: Tell) -> Figure:
    """Return the time to rank: reading the request, features, judging, drawing, the page."""
    bundle = check_definitions(read_folder(shipped_definitions())).bundle
    if bundle is None:
        raise MeasurementError("the shipped definitions are wrong")
    definitions, model = compile_bundle(bundle), Model()
    ranker = Ranker(shop.catalogue, lambda: model)
    _teach(ranker, model, definitions, _requests(shop, bundle.bundle_hash, -1))
    asked = list(islice(_requests(shop, bundle.bundle_hash, 0), _RANKED))
    rounds = []
    for number in range(scale.rounds + 1):
        if number:
            tell(f"200 candidates, round {number} of {scale.rounds}")
        drawn, began = 0, time.perf_counter()
        for request in asked:
            drawn += ranker.rank(request, definitions).judgement.draws is not None
        rounds.append((time.perf_counter() - began) / len(asked) * 1000)
        if drawn < len(asked):
            raise MeasurementError("nothing was drawn: that it is fast means little")
    return Figure.median("rank_200_domain_ms", rounds[1:])


def _teach(
    ranker: Ranker, model: Model, definitions: RankingDefinitions, asked: Iterator[pb.RankRequest]
) -> None:
    """Let the model learn from what is shown first, of which every tenth is accepted."""
    for turn, request in enumerate(islice(asked, _LEARNED)):
        ranking = ranker.rank(request, definitions)
        sighted = ranking.judgement.sighted
        if sighted is None:
            raise MeasurementError("nobody would learn from these requests")
        sight = decode(sighted.encoded(ranking.slates[0].chosen[0], PLACEMENT))
        outcome = Outcome.SHOWN if turn % 10 else Outcome.ACCEPTED
        model.learn(model.number + 1, outcome, sight)


def _requests(shop: Scene, bundle_hash: str, seed: int) -> Iterator[pb.RankRequest]:
    """Yield what rules would hand on of each request, everything kept."""
    for number, check in enumerate(shop.checks(bundle_hash, seed)):
        made = pb.RankRequest(
            context=check.context,
            snapshot=check.snapshot,
            candidates=check.candidates,
            placement_bits=[1] * len(check.candidates.offer_nos),
            constraints=[_AT_MOST_OF_A_CATEGORY],
        )
        made.context.arm, made.context.seed = Arm.PERSONALISED, number + 1
        yield made


async def _taught(edge: Any, ranker: RankerServiceAsyncStub) -> None:
    """Let customers see what is recommended until the service has learned of it."""
    people = itertools.cycle(shoppers().customers)
    async with asyncio.timeout(_PATIENCE_S):
        while not (await ranker.GetModel(pb.GetModelRequest(), timeout=_TIMEOUT_S)).learned_rows:
            request = RecommendRequest(
                identities=[next(people)],
                channel=Channel.WEB,
                placements=[PlacementRequest(placement=PLACEMENT)],
            )
            request.context.session_id = str(uuid.uuid4())
            answer = await edge.Recommend(request, timeout=_TIMEOUT_S)
            seen = [shown.seen() for shown in Shown.in_answer(request, answer)]
            if seen:
                await edge.Track(TrackRequest(events=seen), timeout=_TIMEOUT_S)
            await asyncio.sleep(_POLL_S)


def _ranking(service: RankerServiceAsyncStub) -> Send[Any]:
    async def rank(request: pb.RankRequest) -> str:
        answer = await service.Rank(request, timeout=_TIMEOUT_S)
        return "" if answer.HasField("exploration") else "nothing drawn"

    return rank

"""How long rules take: the conditions alone, in the service, and what must be refused."""

from __future__ import annotations

import statistics
import time
from contextlib import AsyncExitStack
from itertools import islice
from typing import TYPE_CHECKING, Any

import grpc.aio
import numpy as np

from bench.asking import Asking
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.handled import HandledTimes
from bench.hostile_rules import HARMLESS, HOSTILE
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.rule_books import book_of
from bench.rules_scene import PLACEMENT, Scene, scene
from bench.scale import Scale
from cli.load.generator import Send
from services.rules.attributes import OfferAttributes
from services.rules.conditions import RequestFrame
from services.rules.definitions import check_definitions, compile_policy
from services.rules.definitions.policy import CompiledBundle
from services.rules.domain.columns import CandidateColumns, Moment
from services.rules.domain.contacts import UNLIMITED, Approach
from services.rules.domain.screening import Screens
from services.rules.domain.verdict import judge
from services.rules.moment import MomentVariables, channel_fields
from services.rules.past import person_facts, surveys_done
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.rules.v1 import rules_service_pb2 as pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub

if TYPE_CHECKING:
    from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceAsyncStub

CHECKS_PER_S, COMMITS_PER_S = 100.0, 300.0
_RULES = (30, 300)
_JUDGED = 200
_APPLY_S, _TIMEOUT_S = 30.0, 2.0
_NO_LIMIT = Approach(UNLIMITED, frozenset(), frozenset())


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Judge in this process, then ask the service open loop, then try to slip something in."""
    shop = await scene(suite)
    for rules in _RULES:
        yield [_domain(shop, rules, scale, tell)]
    async with AsyncExitStack() as stack:
        address = suite.running.grpc["rules"][0]
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
        service = RulesServiceStub(channel)
        bundle_hash = await applied(service, pb.ApplyDefinitionsRequest(files=book_of(_RULES[0])))
        log = suite.running.home / "logs" / "rules.log"
        checking = Asking(HandledTimes(log, "Check"), _checking(service), CHECKS_PER_S)
        for number in range(scale.rounds):
            await checking.round(shop.checks(bundle_hash, number), scale, number, tell)
        yield [
            Figure.median("rules_30_p99_ms", checking.inside_ms),
            Figure.median("rules_30_grpc_p99_ms", checking.outside_ms),
        ]
        committing = Asking(HandledTimes(log, "Commit"), _committing(service), COMMITS_PER_S)
        for number in range(scale.rounds):
            await committing.round(shop.commits(bundle_hash, number), scale, number, tell)
        yield [
            Figure.median("commit_p99_ms", committing.outside_ms),
            Figure.median("commit_handled_p99_ms", committing.inside_ms),
        ]
    yield [_hostile(scale, tell)]


async def applied(service: RulesServiceAsyncStub, request: pb.ApplyDefinitionsRequest) -> str:
    """Apply definitions and return the name of their bundle; raises MeasurementError."""
    answer = await service.ApplyDefinitions(request, timeout=_APPLY_S)
    mistakes = [problem.message for problem in answer.problems if not problem.warning]
    if mistakes:
        raise MeasurementError(f"the rules of the benchmark were refused: {mistakes[0]}")
    return answer.bundle_hash


def _domain(shop: Scene, rules: int, scale: Scale, tell: Tell) -> Figure:
    """Return the time to judge 200 candidates, with all that is made of the request for it."""
    bundle = check_definitions(book_of(rules)).bundle
    if bundle is None:
        raise MeasurementError("the rules of the benchmark are wrong")
    compiled = compile_policy(bundle)
    attributes = OfferAttributes()
    attributes.catalogue = shop.catalogue
    screens = Screens(shop.catalogue, channel_fields)
    asked = list(islice(shop.checks(bundle.bundle_hash, 0), _JUDGED))
    people = [PersonSnapshot.FromString(request.snapshot) for request in asked]
    rounds = []
    for number in range(scale.rounds + 1):
        if number:
            tell(f"{rules} rules, round {number} of {scale.rounds}")
        removed, began = 0, time.perf_counter()
        for request, person in zip(asked, people, strict=True):
            removed += _judged(compiled, shop, attributes, screens, request, person)
        rounds.append((time.perf_counter() - began) / len(asked) * 1000)
        if not 0 < removed < len(asked) * len(asked[0].candidates.offer_nos):
            raise MeasurementError("rules removed nothing or all: that they are fast means little")
    return Figure.median(f"rules_{rules}_domain_ms", rounds[1:])


def _judged(
    compiled: CompiledBundle,
    shop: Scene,
    attributes: OfferAttributes,
    screens: Screens,
    request: pb.CheckRequest,
    person: PersonSnapshot,
) -> int:
    """Judge the candidates of one request as the service does; return how many were removed."""
    context, policy = request.context, compiled.policy
    columns = CandidateColumns(
        shop.catalogue,
        attributes.of,
        np.array(request.candidates.offer_nos, np.int64),
        Moment(context.now_us, context.channel, context.excluded_offer_nos),
        person_facts(
            person, context, (), surveys_done(person, policy.questions, shop.catalogue.offer_no)
        ),
        np.array(request.candidates.sources, np.int64),
    )
    moment = MomentVariables(context, person, shop.catalogue, compiled.compiler.reads)
    frame = RequestFrame(columns, moment, compiled.compiler.activation)
    rules = screens.of(policy, context.channel, context.now_us).passing(columns)
    verdict = judge(rules, [policy.placements[PLACEMENT]], columns, lambda _: frame, _NO_LIMIT)
    return int(np.count_nonzero(verdict.bits == 0))


def _checking(service: RulesServiceAsyncStub) -> Send[Any]:
    async def check(request: pb.CheckRequest) -> str:
        answer = await service.Check(request, timeout=_TIMEOUT_S)
        return "" if answer.kept else "nothing kept"

    return check


def _committing(service: RulesServiceAsyncStub) -> Send[Any]:
    async def commit(request: pb.CommitRequest) -> str:
        answer = await service.Commit(request, timeout=_TIMEOUT_S)
        return "" if answer.placements else "nothing shown"

    return commit


def _hostile(scale: Scale, tell: Tell) -> Figure:
    """Return the longest that refusing one of them takes."""
    if check_definitions([HARMLESS]).bundle is None:
        raise MeasurementError("what goes with them is refused by itself")
    slowest: dict[str, float] = {}
    for name, file in HOSTILE.items():
        spent_ms = []
        for _ in range(scale.rounds):
            began = time.perf_counter()
            checked = check_definitions([HARMLESS, file])
            spent_ms.append((time.perf_counter() - began) * 1000)
            if checked.bundle is not None:
                raise MeasurementError(f"{name}: was not refused")
        slowest[name] = statistics.median(spent_ms)
        tell(f"{name}: refused in {slowest[name]:.1f} ms")
    worst = max(slowest.values())
    return Figure.pooled("hostile_rule_refused_ms", worst, list(slowest.values()))

"""How long it takes to hand out all that is kept of somebody, and to forget them everywhere."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc.aio

from bench.customers import PLACEMENT, shoppers
from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.calling import CALLER
from cli.commands.export_person import export_person
from shared.call import CALLER as CALLER_KEY
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    GetCustomerViewRequest,
    RecommendRequest,
    TrackRequest,
)
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.profile.v1 import profile_service_pb2 as profile_pb
from touchpoint.profile.v1.profile_service_pb2_grpc import ProfileServiceStub
from touchpoint.ranker.v1 import ranker_service_pb2 as ranker_pb
from touchpoint.ranker.v1.ranker_service_pb2_grpc import RankerServiceStub
from touchpoint.retrieval.v1 import retrieval_service_pb2 as retrieval_pb
from touchpoint.retrieval.v1.retrieval_service_pb2_grpc import RetrievalServiceStub
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_service_pb2_grpc import RulesServiceStub
from touchpoint.scenario.v1 import scenario_service_pb2 as scenario_pb
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

if TYPE_CHECKING:
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

PEOPLE = 5
_SEED = 11
_SERVICES: Mapping[str, tuple[Any, Any]] = {
    "profile": (ProfileServiceStub, profile_pb),
    "rules": (RulesServiceStub, rules_pb),
    "ranker": (RankerServiceStub, ranker_pb),
    "scenario": (ScenarioServiceStub, scenario_pb),
    "retrieval": (RetrievalServiceStub, retrieval_pb),
}
_FILLED = ("profile", "rules", "ranker")
"""Whoever is answered and acts is known there; in the others only some are."""
_METADATA = ((CALLER_KEY, CALLER),)
_TIMEOUT_S = 30.0
_LONGEST_S = 120.0
_PAUSE_S = 0.02


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Export and erase some customers, one after the other; the slowest of them counts."""
    del scale  # as many in every form
    people = random.Random(_SEED).sample(list(shoppers().customers), PEOPLE)
    exported, suppressed, erased = [], [], []
    async with AsyncExitStack() as stack:

        async def opened(name: str) -> grpc.aio.Channel:
            address = suite.running.grpc[name][0]
            return await stack.enter_async_context(grpc.aio.insecure_channel(address))

        edge = AggregatorServiceStub(await opened("aggregator"))
        stubs = {name: stub(await opened(name)) for name, (stub, _) in _SERVICES.items()}
        for number, person in enumerate(people, start=1):
            tell(f"exporting and erasing customer {number} of {PEOPLE}")
            person_ids = await _shopping(edge, person)
            await _until(partial(_is_known, stubs, person_ids))
            began = time.monotonic()
            await asyncio.to_thread(export_person, person_ids, suite.running.home)
            exported.append(time.monotonic() - began)
            nobody_s, gone_s = await _erased(edge, stubs, person, person_ids)
            suppressed.append(nobody_s * 1e3)
            erased.append(gone_s)
    yield [
        Figure.pooled("export_person_s", max(exported), exported),
        Figure.pooled("suppression_ms", max(suppressed), suppressed),
        Figure.pooled("erasure_s", max(erased), erased),
    ]


async def _shopping(edge: AggregatorServiceAsyncStub, person: Identity) -> list[str]:
    """Have somebody be answered and act, and return who they are."""
    asked = RecommendRequest(
        identities=[person],
        channel=Channel.WEB,
        placements=[PlacementRequest(placement=PLACEMENT)],
    )
    asked.context.session_id = str(uuid.uuid4())
    answer = await edge.Recommend(asked, timeout=_TIMEOUT_S)
    [placement] = answer.placements
    events = [
        Event(type="impression", offer_id=shown.offer_id, decision_id=answer.decision_id)
        for shown in placement.recommendations[:1]
    ]
    item_id = shoppers().item_ids[0]
    events += [Event(type=kind, item_id=item_id) for kind in ("view", "add_to_cart")]
    for event in events:
        event.event_id, event.channel = str(uuid.uuid4()), Channel.WEB
        event.identities.append(person)
        event.time.GetCurrentTime()
    tracked = await edge.Track(TrackRequest(events=events), timeout=_TIMEOUT_S)
    if tracked.accepted != len(events):
        raise MeasurementError(f"not every event was accepted: {tracked}")
    view = await edge.GetCustomerView(
        GetCustomerViewRequest(identities=[person]), timeout=_TIMEOUT_S
    )
    return list(view.who.person_ids)


async def _erased(
    edge: AggregatorServiceAsyncStub,
    stubs: Mapping[str, Any],
    person: Identity,
    person_ids: Sequence[str],
) -> tuple[float, float]:
    """Erase somebody; return when the edge knew nobody any more, and when all rows were gone."""
    began = time.monotonic()
    erasing = profile_pb.ErasePersonRequest(person_ids=person_ids)
    await stubs["profile"].ErasePerson(erasing, timeout=_TIMEOUT_S, metadata=_METADATA)
    await _until(partial(_is_nobody, edge, person, person_ids))
    nobody_s = time.monotonic() - began
    await _until(partial(_is_gone, stubs, person_ids))
    return nobody_s, time.monotonic() - began


async def _until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it is so; raises MeasurementError when it takes too long."""
    ends = time.monotonic() + _LONGEST_S
    while not await is_so():
        if time.monotonic() > ends:
            raise MeasurementError(f"it did not come to pass within {_LONGEST_S:g} s")
        await asyncio.sleep(_PAUSE_S)


async def _is_known(stubs: Mapping[str, Any], person_ids: Sequence[str]) -> bool:
    found = [await _rows(stubs, name, person_ids) for name in _FILLED]
    return all(found)


async def _is_nobody(
    edge: AggregatorServiceAsyncStub, person: Identity, person_ids: Sequence[str]
) -> bool:
    asked = GetCustomerViewRequest(identities=[person])
    view = await edge.GetCustomerView(asked, timeout=_TIMEOUT_S)
    return not set(person_ids) & set(view.who.person_ids)


async def _is_gone(stubs: Mapping[str, Any], person_ids: Sequence[str]) -> bool:
    """Say whether no service has a row of them left."""
    for name in stubs:
        if await _rows(stubs, name, person_ids):
            return False
    return True


async def _rows(stubs: Mapping[str, Any], name: str, person_ids: Sequence[str]) -> int:
    _, package = _SERVICES[name]
    request = package.ExportPersonRequest(person_ids=person_ids)
    stream = stubs[name].ExportPerson(request, timeout=_TIMEOUT_S, metadata=_METADATA)
    try:
        return sum([len(part.rows) async for part in stream])
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.NOT_FOUND:
            return 0
        raise

"""How many people a second are looked at, where somebody asks whom to tell of an offer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc.aio

from bench.errors import MeasurementError
from bench.figures import Figure
from bench.opened import OpenedSuite
from bench.part import Measuring, Tell
from bench.scale import Scale
from cli.calling import CALLER
from shared.call import CALLER as CALLER_KEY
from touchpoint.scenario.v1.audience_pb2 import FindAudienceRequest, OfferAudience
from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceStub

if TYPE_CHECKING:
    from touchpoint.scenario.v1.scenario_service_pb2_grpc import ScenarioServiceAsyncStub

OFFER = "come_back"
_LIMIT = 500
_TIMEOUT_S = 300.0


async def measure(suite: OpenedSuite, scale: Scale, tell: Tell) -> Measuring:
    """Look at everybody of the story shop, on whichever channel is the best one of each."""
    rates = []
    async with grpc.aio.insecure_channel(suite.running.grpc["scenario"][0]) as channel:
        stub = ScenarioServiceStub(channel)
        for number in range(scale.rounds):
            tell(f"whom to tell of an offer, round {number + 1} of {scale.rounds}")
            found = await _found(stub)
            if not found.may_be_told:
                raise MeasurementError("nobody may be told: that it is fast means little")
            rates.append(found.looked_at / found.took.ToTimedelta().total_seconds())
    yield [Figure.median("audience_people_per_s", rates)]


async def _found(stub: ScenarioServiceAsyncStub) -> OfferAudience:
    request = FindAudienceRequest(offer_id=OFFER, limit=_LIMIT)
    stream = stub.FindAudience(request, timeout=_TIMEOUT_S, metadata=((CALLER_KEY, CALLER),))
    found = OfferAudience()
    async for answer in stream:
        if answer.HasField("audience"):
            found = answer.audience
    return found

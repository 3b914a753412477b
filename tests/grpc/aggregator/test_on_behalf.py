"""A journey asks what its message carries: for somebody who did not come by themselves."""

from __future__ import annotations

import grpc
import pytest

from shared.errors import Unavailable
from shared.middleware.authentication import by_name
from shared.middleware.order import Hooks
from shared.testing.grpc import grpc_service
from tests.grpc.aggregator.conftest import served
from tests.unit.aggregator.edge import BANNER, PC_1, PERSON, TV
from touchpoint.aggregator.v1.aggregator_pb2 import OnBehalf
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceStub
from touchpoint.common.v1.vocabulary_pb2 import Channel, Source

JOURNEY = "0190a000-0000-7000-8000-00000000000a"
_CALLER = "x-touchpoint-caller"


def asked(*offer_ids, **facts):
    message = {"person_id": PERSON, "journey_id": JOURNEY, "scenario": "left", "stage": "mail"}
    return RecommendRequest(
        on_behalf=OnBehalf(offer_ids=offer_ids, **(message | facts)),
        channel=Channel.WEB,
        placements=[{"placement": BANNER}],
    )


def shown(answer):
    return [each.offer_id for each in answer.placements[0].recommendations]


async def test_it_is_decided_for_the_person_and_takes_no_contact_of_its_own(edge, stub):
    answer = await stub.Recommend(asked(contact_held=True))
    assert shown(answer) == ["pc-1", "pc-2"]
    snapshot = edge.peers.profile.GetSnapshot.request
    assert (snapshot.person_id, list(snapshot.identities)) == (PERSON, [])
    assert not snapshot.keep_unknown
    assert edge.peers.rules.Check.request.context.contact_held
    assert edge.peers.rules.Commit.request.context.contact_held


async def test_what_its_stage_names_goes_first_and_is_of_the_journey(edge, stub):
    await stub.Recommend(asked("tv-1"))
    columns = edge.peers.rules.Check.request.candidates
    assert (columns.offer_nos[0], columns.sources[0]) == (TV, Source.JOURNEY)
    assert PC_1 in columns.offer_nos


async def test_nothing_else_is_asked_for_where_only_that_may_be_told(edge, stub):
    answer = await stub.Recommend(asked("tv-1", only_offers=True))
    assert shown(answer) == ["tv-1"]
    assert not edge.peers.retrieval.Retrieve.requests


async def test_a_message_carries_nothing_that_everybody_gets(edge, stub):
    assert shown(await stub.Recommend(asked("gone", only_offers=True))) == []
    edge.peers.rules.Check.error = Unavailable("down")
    answer = await stub.Recommend(asked("tv-1"))
    assert shown(answer) == []
    assert [each.service for each in answer.degraded] == ["rules"]


async def test_only_callers_that_may_reach_persons_are_answered(edge):
    hooks = Hooks(authenticate=by_name({"*"}, {"*"}, {"scenario"}))
    async with grpc_service(edge.binding(), hooks=hooks) as channel:
        stub = AggregatorServiceStub(channel)
        for name in ("web", ""):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.Recommend(asked(), metadata=((_CALLER, name),) if name else ())
            assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
        await stub.Recommend(asked(), metadata=((_CALLER, "scenario"),))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (asked(person_id="somebody"), "on_behalf.person_id"),
        (asked(person_id=""), "on_behalf.person_id"),
        (asked(*["pc-1"] * 21), "on_behalf.offer_ids"),
    ],
)
async def test_what_means_nobody_is_refused(stub, request_, field):
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await stub.Recommend(request_)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details()


async def test_identities_beside_it_are_refused(edge):
    request = asked()
    request.identities.add(kind="customer", value="c-1")
    async with served(edge) as stub:
        with pytest.raises(grpc.aio.AioRpcError, match="must stand alone"):
            await stub.Recommend(request)

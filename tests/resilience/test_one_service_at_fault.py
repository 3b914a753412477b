"""Whatever one service behind the edge does, the caller has an answer in 250 ms that says so."""

import grpc.aio
import pytest

from shared.testing.proxy import Fault
from tests.journeys.channels import identities, only, shown, until
from tests.journeys.shop import DVD_PROMOTION, FREE_SHIPPING, SHOE, SHOE_IN_BLUE, SHOE_PROMOTION
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import PlacementRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

DEADLINE_S = 0.25
PROMOTIONS = {FREE_SHIPPING, SHOE_PROMOTION, DVD_PROMOTION}
FAULTS = (Fault.DEAD, Fault.SLOW, Fault.BLACK_HOLE)


async def ask(edge, person, placement="web.home.banner"):
    """Ask as a web page does that waits a quarter of a second."""
    request = edge_pb.RecommendRequest(
        identities=identities(person),
        channel=Channel.WEB,
        placements=[PlacementRequest(placement=placement, limit=50)],
        explain=True,
    )
    return await edge.channels.edge.Recommend(request, timeout=DEADLINE_S)


def degraded(answer):
    return {entry.service for entry in answer.degraded}


def kinds(answer):
    return {
        recommendation.kind
        for placement in answer.placements
        for recommendation in placement.recommendations
    }


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.value)
async def fault(request, edge):
    """A fault to cause; everything is well again before the next test."""
    yield request.param
    for proxy in edge.proxies.values():
        await proxy.behave(Fault.NONE)

    async def well():
        try:
            return not degraded(await ask(edge, {"visitor": "recovery"}))
        except grpc.aio.AioRpcError:
            return False

    await until(well)


@pytest.fixture
async def ada(edge, somebody):
    """A customer who turned the shoe down and is known well."""
    person = somebody("ada")
    await edge.channels.track(person, "decline", item_id=SHOE)

    async def answered_by_all():  # on a busy machine not always at the first time
        return not degraded(await ask(edge, person))

    await until(answered_by_all)
    return person


async def test_without_profile_what_was_declined_stays_declined(edge, ada, fault):
    async def known_to_rules():
        await edge.proxies["profile"].behave(fault)
        answer = await ask(edge, only(ada, "customer"))
        assert degraded(answer) == {"profile"}
        assert shown(answer)
        return not {SHOE, SHOE_IN_BLUE} & set(shown(answer))

    await until(known_to_rules)


async def test_without_retrieval_what_is_popular_is_shown_under_the_same_rules(edge, ada, fault):
    await edge.proxies["retrieval"].behave(fault)
    answer = await ask(edge, ada)
    assert degraded(answer) == {"retrieval"}
    assert shown(answer)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(answer))


async def test_without_rules_nothing_unchecked_is_shown(edge, ada, fault):
    await edge.proxies["rules"].behave(fault)
    answer = await ask(edge, ada)
    assert degraded(answer) == {"rules"}
    assert shown(answer)
    assert OfferKind.PRODUCT not in kinds(answer)
    assert not PROMOTIONS & set(shown(answer))


async def test_without_ranker_the_order_of_retrieval_is_kept_under_the_rules(edge, ada, fault):
    await edge.proxies["ranker"].behave(fault)
    answer = await ask(edge, ada)
    assert degraded(answer) == {"ranker"}
    assert OfferKind.PRODUCT in kinds(answer)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(answer))


async def test_without_scenario_only_journeys_are_missing(edge, ada, fault):
    await edge.proxies["scenario"].behave(fault)
    answer = await ask(edge, ada)
    assert degraded(answer) == {"scenario"}
    assert OfferKind.PRODUCT in kinds(answer)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(answer))


async def test_twin_with_all_services_well_nothing_is_degraded(edge, ada):
    answer = await ask(edge, ada)
    assert not answer.degraded
    assert OfferKind.PRODUCT in kinds(answer)
    assert FREE_SHIPPING in shown(answer)

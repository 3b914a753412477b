"""Whatever one service behind the edge does, the caller has an answer in 250 ms that says so."""

import grpc
import grpc.aio
import pytest

from shared.testing.proxy import Fault
from tests.journeys.channels import identities, only, removed, shown, until
from tests.journeys.shop import (
    DVD_PROMOTION,
    FREE_SHIPPING,
    NEAR_EVERY_OFFER,
    SHOE,
    SHOE_IN_BLUE,
    SHOE_PROMOTION,
)
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import Context, PlacementRequest
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, RemovalCode

DEADLINE_S = 0.25
ATTEMPTS = 5
"""How often a fault is caused anew, because this machine may stall by itself."""
PROMOTIONS = {FREE_SHIPPING, SHOE_PROMOTION, DVD_PROMOTION}
FAULTS = (Fault.DEAD, Fault.SLOW, Fault.BLACK_HOLE)


BANNER = ("web.home.banner", Channel.WEB)


async def ask(edge, person, placement="web.home.banner", channel=Channel.WEB):
    """Ask as a web page does that waits a quarter of a second."""
    request = edge_pb.RecommendRequest(
        identities=identities(person),
        channel=channel,
        placements=[PlacementRequest(placement=placement, limit=50)],
        context=Context(item_ids=NEAR_EVERY_OFFER),
        explain=True,
    )
    return await edge.channels.edge.Recommend(request, timeout=DEADLINE_S)


async def missing(edge, person, place=BANNER):
    """Ask, and return the answer with the services that it lacks; None: no answer in time."""
    try:
        answer = await ask(edge, person, *place)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
            raise
        return None, None
    return answer, {entry.service for entry in answer.degraded}


async def ask_with_all_well(edge, person):
    """End every fault, and return the first answer that lacks nothing."""
    for proxy in edge.proxies.values():
        await proxy.behave(Fault.NONE)
    answers = []

    async def well():
        answer, without = await missing(edge, person)
        answers.append(answer)
        return without == set()

    await until(well)
    return answers[-1]


async def ask_without(edge, service, fault, person, place=BANNER):
    """Cause a fault of one service; return the first answer, which lacks that service alone."""
    seen = []
    for _ in range(ATTEMPTS):
        await edge.proxies[service].behave(fault)
        answer, without = await missing(edge, person, place)
        if without == {service}:
            return answer
        seen.append(without)
        await ask_with_all_well(edge, person)
    raise AssertionError(f"without {service}, never just that was missing in time: {seen}")


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
    await ask_with_all_well(edge, {"visitor": "recovery"})


@pytest.fixture
async def ada(edge, somebody):
    """A customer who turned the shoe down, is known well, and agreed to be written to."""
    person = somebody("ada")
    await edge.channels.track(only(person, "customer", "phone"), "login")
    await edge.channels.track(only(person, "customer", "email"), "login")
    agreed = {"purpose": "marketing", "granted": True}
    await edge.channels.track(person, "consent", attributes=agreed)
    await edge.channels.track(person, "decline", item_id=SHOE)
    await ask_with_all_well(edge, person)
    return person


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (BANNER, "customer"),
        (("agent.prompt", Channel.CALL_CENTER), "phone"),
        (("ivr.menu", Channel.IVR), "phone"),
        (("store.till", Channel.STORE), "customer"),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
async def test_without_profile_what_was_declined_stays_declined(edge, ada, fault, place, kind):
    """On every channel, as a variant and inside a promotion."""

    async def known_to_rules():
        answer = await ask_without(edge, "profile", fault, only(ada, kind), place)
        codes = removed(answer)
        offered = {SHOE, SHOE_IN_BLUE, SHOE_PROMOTION} & set(shown(answer))
        known = codes.get(SHOE_PROMOTION) == RemovalCode.DECLINED
        return known and not offered

    await until(known_to_rules)


async def test_without_profile_nothing_is_written_that_needs_consent(edge, ada, fault):
    letter = ("email.body", Channel.EMAIL)
    agreed, _ = await missing(edge, only(ada, "email"), letter)
    assert RemovalCode.NO_CONSENT not in removed(agreed).values()
    answer = await ask_without(edge, "profile", fault, only(ada, "email"), letter)
    assert shown(answer)
    assert all(offer.startswith("default.") for offer in shown(answer))
    codes = removed(answer)
    assert {codes.get(offer) for offer in PROMOTIONS} == {RemovalCode.NO_CONSENT}


async def test_without_retrieval_what_is_popular_is_shown_under_the_same_rules(edge, ada, fault):
    answer = await ask_without(edge, "retrieval", fault, ada)
    assert shown(answer)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(answer))


async def test_without_rules_nothing_unchecked_is_shown(edge, ada, fault):
    answer = await ask_without(edge, "rules", fault, ada)
    assert shown(answer)
    assert OfferKind.PRODUCT not in kinds(answer)
    assert not PROMOTIONS & set(shown(answer))


async def test_without_ranker_the_order_of_retrieval_is_kept_under_the_rules(edge, ada, fault):
    answer = await ask_without(edge, "ranker", fault, ada)
    assert OfferKind.PRODUCT in kinds(answer)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(answer))


async def test_without_scenario_only_journeys_are_missing(edge, ada, fault):
    answer = await ask_without(edge, "scenario", fault, ada)
    assert OfferKind.PRODUCT in kinds(answer)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(answer))


async def test_twin_with_all_services_well_nothing_is_degraded(edge, ada):
    answer = await ask_with_all_well(edge, ada)
    assert OfferKind.PRODUCT in kinds(answer)
    assert PROMOTIONS & set(shown(answer))
    assert FREE_SHIPPING not in removed(answer)

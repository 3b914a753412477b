"""What is due, as the edge asks for it."""

from dataclasses import replace

import grpc
import pytest

from services.scenario.domain.proposals import Standing
from tests.unit.scenario.playing import ADA, BOB, COME_BACK, NOON_US
from tests.unit.scenario.shop import FREE_SHIPPING, bundle, catalogue, snapshot
from touchpoint.common.v1.decision_pb2 import CartLine
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.scenario.v1 import scenario_pb2
from touchpoint.scenario.v1 import scenario_service_pb2 as pb

STANDING = Standing(
    "journey-1", ADA, 2, "abandoned_cart", "web_offer", (COME_BACK,), ("web.cart",), 2.0, NOON_US
)


def asking(person=None, arm=Arm.PERSONALISED, cart=()):
    request = pb.GetDueRequest(snapshot=person.SerializeToString() if person else b"")
    request.context.bundle_hash = "b"
    request.context.now_us = NOON_US
    request.context.arm = arm
    request.context.cart.extend(cart)
    return request


async def due(face, *args, **more):
    response = await face.stub.GetDue(asking(*args, **more), timeout=5)
    return list(response.actions)


async def test_whoever_hesitates_at_the_checkout_is_helped_in_this_very_request(face):
    (action,) = await due(face, snapshot(hesitating=True))
    assert (action.offer_no, action.scenario, action.stage) == (
        FREE_SHIPPING,
        "checkout_hesitation",
        "reassure",
    )
    assert list(action.placements) == ["web.checkout", "web.cart"]
    assert (action.lever, action.journey_id) == (4.0, "")


async def test_the_cart_that_the_caller_sent_outranks_what_profile_knows(face):
    small, item = [CartLine(offer_no=4, quantity=1, price_micros=20_000_000)], 3
    assert await due(face, snapshot(hesitating=True), cart=small) == []
    priced_by_the_catalogue = [CartLine(offer_no=item, quantity=1)]
    assert len(await due(face, snapshot(hesitating=True), cart=priced_by_the_catalogue)) == 1


async def test_without_hesitation_and_of_nobody_nothing_is_due(face):
    assert await due(face, snapshot()) == []
    assert await due(face) == []


@pytest.mark.parametrize("arm", [Arm.HOLDOUT, Arm.STATIC])
async def test_whoever_gets_nothing_personal_gets_nothing_of_journeys(face, arm):
    face.proposals.apply(STANDING)
    assert await due(face, snapshot(hesitating=True), arm=arm) == []


async def test_a_journey_under_way_proposes_to_every_person_of_the_set(face):
    face.proposals.apply(STANDING)
    (action,) = await due(face, snapshot(person_ids=(BOB, ADA)))
    assert (action.offer_no, action.journey_id, action.stage) == (
        COME_BACK,
        "journey-1",
        "web_offer",
    )
    assert (list(action.placements), action.lever) == (["web.cart"], 2.0)
    assert await due(face, snapshot(person_ids=(BOB,))) == []


async def test_a_journey_of_somebody_who_is_only_guessed_is_told_to_nobody(face):
    face.proposals.apply(STANDING)
    guessed = snapshot()
    guessed.is_guessed = True
    assert await due(face, snapshot())
    assert await due(face, guessed) == []


async def test_a_proposal_is_over_at_its_end_even_before_its_timer_says_so(face):
    face.proposals.apply(replace(STANDING, until_us=NOON_US))
    assert await due(face, snapshot()) == []
    face.proposals.apply(replace(STANDING, until_us=NOON_US + 1, version=3))
    assert len(await due(face, snapshot())) == 1


async def test_an_offer_that_is_gone_is_not_proposed(face):
    face.proposals.apply(STANDING)
    gone = catalogue(come_back={"withdrawn": True}, free_shipping={"ends_us": NOON_US})
    face.catalogue.withdrawn[:] = gone.withdrawn
    face.catalogue.ends_us[:] = gone.ends_us
    assert await due(face, snapshot(hesitating=True)) == []


async def test_what_the_bundle_does_not_define_is_not_proposed(face):
    face.proposals.apply(STANDING)
    face.bundles.replace(bundle(offers=["free_shipping"]))
    assert await due(face, snapshot()) == []
    face.bundles.replace(bundle(with_abandoned_cart=False))
    assert await due(face, snapshot()) == []


async def test_the_answer_says_what_was_decided_by(face):
    response = await face.stub.GetDue(asking(), timeout=5)
    assert (response.versions.bundle_hash, response.versions.catalogue_version) == ("b", 1)


async def test_erasing_a_person_of_whom_nothing_is_kept_deletes_nothing(face):
    response = await face.stub.ErasePerson(pb.ErasePersonRequest(person_ids=["p"]), timeout=5)
    assert response.rows == 0


async def test_a_request_to_erase_nobody_is_refused(face):
    with pytest.raises(grpc.aio.AioRpcError, match="person_ids") as refused:
        await face.stub.ErasePerson(pb.ErasePersonRequest(), timeout=5)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_every_answer_says_how_many_could_be_called_and_chatted_with_in_time(face):
    async def told():
        await face.free_agents.look()
        answer = await face.stub.GetDue(asking(), timeout=5)
        assert answer.free_chat_agents == answer.free_agents  # nobody needs a skill for either
        return answer.free_agents

    assert await told() == 0
    status = pb.SetAgentStatusRequest(agent_id="eve", status=scenario_pb2.AgentStatus.AVAILABLE)
    await face.stub.SetAgentStatus(status, timeout=5)
    assert await told() == 1
    status.status = scenario_pb2.AgentStatus.BUSY
    await face.stub.SetAgentStatus(status, timeout=5)
    assert await told() == 0

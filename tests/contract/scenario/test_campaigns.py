"""What every store keeps of messages that belong to a campaign, and to no journey."""

import asyncio
from dataclasses import replace

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.campaigns import Became, Campaign, Taken, message
from services.scenario.domain.errand_steps import skip
from services.scenario.domain.errands import State
from tests.contract.scenario.conftest import one
from tests.unit.scenario.playing import ADA, BOB, DAY_US, NOON_US

EMAIL = 4
SPRING, AUTUMN = Campaign("spring", "coupon"), Campaign("autumn", "coupon")
ORDER = MessageOrder(
    (EMAIL,), "hello", placement="email.body", limit=1, offer_ids=("coupon",), purpose="marketing"
)


async def order(desk, *persons, campaign=SPRING, now_us=NOON_US):
    messages = [message(campaign, each, ORDER, now_us, 0) for each in persons]
    return await desk.errands.order(campaign, messages)


async def claimed(desk):
    return await desk.errands.claim("worker", NOON_US, 60.0, 10)


async def test_an_order_that_is_repeated_orders_nothing_twice(desk):
    assert await order(desk, ADA, BOB) == Taken(ordered=2)
    assert await order(desk, ADA, BOB, "cy") == Taken(ordered=1, told_already=2)
    assert await order(desk, ADA, campaign=AUTUMN) == Taken(ordered=1)
    assert await desk.errands.count_told(SPRING) == {Became("waiting"): 3}
    assert await desk.errands.told(SPRING, [ADA, "dee"]) == {ADA}
    found = await claimed(desk)
    assert sorted((each.person_id, each.campaign) for each in found) == sorted(
        [(ADA, "spring"), (BOB, "spring"), ("cy", "spring"), (ADA, "autumn")]
    )
    assert {each.order for each in found} == {ORDER}
    assert {(each.journey_id, each.scenario) for each in found} == {("", "")}


async def test_of_orders_at_the_same_time_each_message_is_written_by_one(desk):
    taken = await asyncio.gather(*(order(desk, ADA, BOB) for _ in range(4)))
    assert sum(each.ordered for each in taken) == 2
    assert all(each.ordered + each.told_already == 2 for each in taken)


async def test_whoever_turns_out_to_be_one_who_was_told_is_told_already(desk):
    assert await order(desk, ADA) == Taken(ordered=1)
    await desk.link(*one(2, ADA, BOB))
    assert await order(desk, BOB) == Taken(told_already=1)


async def test_it_goes_its_way_without_a_journey_and_is_known_until_it_is_forgotten(desk):
    await order(desk, ADA)
    [found] = await claimed(desk)
    step = replace(skip(found, "NO_CONSENT"), at_us=NOON_US)
    assert step.event_type == ""
    assert await desk.errands.keep(step, 60.0, None)
    assert await claimed(desk) == []
    assert await order(desk, ADA, BOB) == Taken(ordered=1, told_already=1)
    found = {Became("skipped", "NO_CONSENT"): 1, Became("waiting"): 1}
    assert await desk.errands.count_told(SPRING) == found
    assert await desk.errands.forget(NOON_US) == 0
    assert await desk.errands.forget(NOON_US + DAY_US) == 1
    assert await desk.errands.count_told(SPRING) == {Became("waiting"): 1}


async def test_of_the_erased_nothing_stays_and_nothing_is_written(desk):
    await order(desk, ADA)
    assert await desk.store.erase([ADA]) == 1
    assert await claimed(desk) == []
    assert await order(desk, ADA, BOB) == Taken(ordered=1, gone=1)
    [found] = await claimed(desk)
    assert (found.person_id, found.state) == (BOB, State.WAITING)

"""Messages that tell people of an offer: asked about again as they are sent, and sent once each."""

from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.campaigns import STANDS_US, Campaign, message
from services.scenario.domain.outbound import Message
from tests.unit.scenario.outside import EMAIL, House, State
from tests.unit.scenario.playing import ADA, HOUR_US, NOON_US

SPRING = Campaign("spring", "coupon")
ORDER = MessageOrder((EMAIL,), "hello", limit=1, offer_ids=("coupon",), purpose="marketing")


async def ordered(**snapshot):
    house = House(**snapshot)
    await order(house)
    return house


async def order(house):
    await house.errands.order(SPRING, [message(SPRING, ADA, ORDER, NOON_US, 0)])


async def test_it_is_sent_once_and_told_of_once_without_any_journey():
    house = await ordered()
    house.writer.instead = {EMAIL: Message(EMAIL, "a@b.example", "Hi", offer_ids=("coupon",))}
    await house.work_off()
    await order(house)
    await house.work(60.0)
    assert house.gateway.arrived == [SPRING.key(ADA)]
    [told] = house.log.events.values()
    assert (told.type, told.offer_id) == ("contact_sent", "coupon")
    assert (house.states, house.news) == ([State.SENT], [])


async def test_consent_that_was_taken_back_since_counts_as_it_is_sent():
    house = await ordered()
    house.person.snapshot.refusals.append("marketing")
    await house.work_off()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "NO_CONSENT")
    assert house.gateway.arrived == []


async def test_it_waits_for_room_as_long_as_it_stands():
    house = await ordered()
    house.person.full_until_us = {EMAIL: NOON_US + HOUR_US}
    await house.work()
    assert (house.only.state, house.only.due_us) == (State.WAITING, NOON_US + HOUR_US)
    house = await ordered()
    house.person.full_until_us = {EMAIL: NOON_US + STANDS_US}
    await house.work()
    assert (house.only.state, house.only.reason) == (State.SKIPPED, "CONTACT_LIMIT")
    await order(house)
    assert await house.work() == 0, "it is not ordered anew"

"""What was promised on the web is theirs on the phone as well, until it is redeemed there."""

from tests.journeys.channels import TIMEOUT_S, Channel, only, shown, until
from tests.journeys.modes import APART_FIRST
from tests.journeys.shop import FREE_SHIPPING, LAMP, OFFERS
from touchpoint.retrieval.v1.retrieval_pb2 import Offer
from touchpoint.retrieval.v1.retrieval_service_pb2 import UpsertOffersRequest

pytestmark = APART_FIRST


async def promised(channels, person):
    view = await channels.view(person)
    return {promise.offer_id: promise for promise in view.open_promises}


async def test_a_promotion_seen_on_the_web_is_redeemed_on_the_phone(channels, somebody):
    ada = somebody("ada")
    await channels.track(only(ada, "customer", "phone"), "login")
    banner = await channels.recommend(only(ada, "customer"))
    assert FREE_SHIPPING in shown(banner)
    assert FREE_SHIPPING not in await promised(channels, only(ada, "customer"))
    await channels.track(
        only(ada, "customer"),
        "impression",
        offer_id=FREE_SHIPPING,
        decision_id=banner.decision_id,
    )

    async def is_promised():
        return FREE_SHIPPING in await promised(channels, only(ada, "customer"))

    await until(is_promised)
    promise = (await promised(channels, only(ada, "phone")))[FREE_SHIPPING]
    assert promise.made_time.ToDatetime() < promise.expires_time.ToDatetime()
    prompt = await channels.agent(only(ada, "phone"))
    assert FREE_SHIPPING in shown(prompt)
    await channels.track(
        only(ada, "phone"),
        "accept",
        offer_id=FREE_SHIPPING,
        decision_id=prompt.decision_id,
        channel=Channel.CALL_CENTER,
    )

    async def is_redeemed():
        return not await is_promised()

    await until(is_redeemed)


async def test_what_was_seen_keeps_its_terms_when_the_offer_is_edited(channels, somebody):
    cat = somebody("cat")
    [old] = [offer for offer in OFFERS if offer.offer_id == FREE_SHIPPING]
    new = Offer()
    new.CopyFrom(old)
    new.title = "Free shipping from 50 on"

    async def agent_says(person):
        [placement] = (await channels.agent(person)).placements
        offers = placement.recommendations
        return [each.creative.title for each in offers if each.offer_id == FREE_SHIPPING]

    banner = await channels.recommend(cat)
    told = {"offer_id": FREE_SHIPPING, "decision_id": banner.decision_id}
    await channels.track(cat, "impression", **told)

    async def is_promised():
        return FREE_SHIPPING in await promised(channels, cat)

    async def told_to_others(title):
        """Wait for it; as somebody new each time, as who asks an agent is promised the terms."""

        async def so():
            return await agent_says(somebody("dan")) == [title]

        await until(so)

    await until(is_promised)
    retrieval = channels.stubs["retrieval"]
    try:
        await retrieval.UpsertOffers(UpsertOffersRequest(offers=[new]), timeout=TIMEOUT_S)
        await told_to_others(new.title)
        assert await agent_says(cat) == [old.title]
        assert (await promised(channels, cat))[FREE_SHIPPING].title == old.title
    finally:
        await retrieval.UpsertOffers(UpsertOffersRequest(offers=[old]), timeout=TIMEOUT_S)
        await told_to_others(old.title)  # so that the next journey finds the shop as it was


async def test_a_purchase_that_names_the_promotion_beside_its_item_redeems_it(channels, somebody):
    cleo = only(somebody("cleo"), "customer")
    banner = await channels.recommend(cleo)
    told = {"offer_id": FREE_SHIPPING, "decision_id": banner.decision_id}
    await channels.track(cleo, "impression", **told)

    async def is_promised():
        return FREE_SHIPPING in await promised(channels, cleo)

    await until(is_promised)
    await channels.track(
        cleo, "purchase", item_id=LAMP, offer_id=FREE_SHIPPING, order_id="cleo's", value=40
    )

    async def is_redeemed():
        return not await is_promised()

    await until(is_redeemed)


async def test_twin_what_was_decided_and_not_seen_is_promised_to_nobody(channels, somebody):
    bob = somebody("bob")
    await channels.recommend(bob)
    assert FREE_SHIPPING not in await promised(channels, bob)

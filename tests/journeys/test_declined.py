"""(a) What was declined on the web is not repeated by the call centre within the same second."""

from tests.journeys.channels import Channel, only, removed, shown
from tests.journeys.shop import FREE_SHIPPING, SHOE, SHOE_IN_BLUE, SHOE_PROMOTION
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode


async def known_by_phone(channels, person):
    await channels.track(only(person, "customer", "phone"), "login")


async def test_an_offer_declined_on_the_web_is_gone_from_the_agents_prompt(channels, somebody):
    ada = somebody("ada")
    await known_by_phone(channels, ada)
    banner = await channels.recommend(only(ada, "customer"))
    assert FREE_SHIPPING in shown(banner)
    await channels.track(
        only(ada, "customer"), "decline", offer_id=FREE_SHIPPING, decision_id=banner.decision_id
    )
    prompt = await channels.agent(only(ada, "phone"), explain=True)
    assert FREE_SHIPPING not in shown(prompt)
    assert removed(prompt)[FREE_SHIPPING] == RemovalCode.DECLINED


async def test_twin_an_offer_that_was_only_seen_is_prompted(channels, somebody):
    bob = somebody("bob")
    await known_by_phone(channels, bob)
    banner = await channels.recommend(only(bob, "customer"))
    await channels.track(
        only(bob, "customer"), "click", offer_id=FREE_SHIPPING, decision_id=banner.decision_id
    )
    assert FREE_SHIPPING in shown(await channels.agent(only(bob, "phone")))


async def test_a_declined_item_takes_its_variants_and_its_own_promotion_along(channels, somebody):
    ada = somebody("ada")
    await channels.track(ada, "view", item_id=SHOE)
    before = await channels.recommend(ada, explain=True)
    assert {SHOE, SHOE_IN_BLUE} & set(shown(before))
    assert SHOE_PROMOTION not in removed(before)
    await channels.track(ada, "decline", item_id=SHOE_IN_BLUE, channel=Channel.STORE)
    after = await channels.recommend(ada, explain=True)
    assert not {SHOE, SHOE_IN_BLUE} & set(shown(after))
    assert removed(after)[SHOE_PROMOTION] == RemovalCode.DECLINED
    assert FREE_SHIPPING not in removed(after)

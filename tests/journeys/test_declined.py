"""(a) What was declined on the web is not repeated by the call centre within the same second."""

import pytest

from tests.journeys.channels import Channel, only, removed, shown
from tests.journeys.modes import APART_AND_TOGETHER
from tests.journeys.shop import (
    FREE_SHIPPING,
    NEAR_EVERY_OFFER,
    SHOE,
    SHOE_IN_BLUE,
    SHOE_PROMOTION,
)
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode

pytestmark = APART_AND_TOGETHER

SHOES = {SHOE, SHOE_IN_BLUE}
PLACES = (
    ("web.home.banner", Channel.WEB, "visitor"),
    ("email.body", Channel.EMAIL, "email"),
    ("ivr.menu", Channel.IVR, "phone"),
    ("agent.prompt", Channel.CALL_CENTER, "phone"),
    ("store.till", Channel.STORE, "customer"),
    ("store.associate", Channel.STORE, "customer"),
)
"""Where offers are made, and as whom somebody is known there."""
HEARD_ON = {
    Channel.WEB: "visitor",
    Channel.APP: "customer",
    Channel.EMAIL: "email",
    Channel.CALL_CENTER: "phone",
    Channel.IVR: "phone",
    Channel.STORE: "customer",
}
"""Where somebody may turn something down."""


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


async def known_everywhere(channels, person):
    for kind in ("visitor", "phone", "email"):
        await channels.track(only(person, "customer", kind), "login")
    await channels.track(person, "consent", attributes={"purpose": "marketing", "granted": True})


async def offered(channels, person):
    """Ask everywhere; return what is shown and what was declined, by placement."""
    found = {}
    for placement, channel, kind in PLACES:
        answer = await channels.recommend(
            only(person, kind),
            placement,
            channel,
            context=Context(item_ids=NEAR_EVERY_OFFER),
            preview=True,
            explain=True,
        )
        codes = removed(answer)
        declined = {offer for offer in codes if codes[offer] == RemovalCode.DECLINED}
        found[placement] = (set(shown(answer)), declined)
    return found


@pytest.mark.parametrize("channel", HEARD_ON, ids=Channel.Value.Name)
async def test_what_was_turned_down_on_one_channel_is_offered_on_none(channels, somebody, channel):
    ada = somebody("ada")
    await known_everywhere(channels, ada)
    before = await offered(channels, ada)
    assert not any(declined for _, declined in before.values())
    await channels.track(only(ada, HEARD_ON[channel]), "decline", item_id=SHOE, channel=channel)
    for placement, (on_show, declined) in (await offered(channels, ada)).items():
        assert not {SHOE_PROMOTION, *SHOES} & on_show, placement
        assert SHOE_PROMOTION in declined, placement
        assert declined <= {SHOE_PROMOTION, *SHOES}, placement

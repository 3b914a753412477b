"""(j) What the rule book promises holds on every channel, whichever of them heard of it."""

from tests.journeys.channels import TIMEOUT_S, Channel, only, removed, session, shown, until
from tests.journeys.modes import APART_AND_TOGETHER
from tests.journeys.shop import (
    CALL,
    FOR_MEMBERS,
    FREE_SHIPPING,
    NEAR_EVERY_OFFER,
    SHOE,
    SHOE_IN_BLUE,
    SHOE_PROMOTION,
)
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus

pytestmark = APART_AND_TOGETHER

SOLD = {FREE_SHIPPING, SHOE_PROMOTION}
SHOES = {SHOE, SHOE_IN_BLUE}
IN_VIEW = Context(item_ids=NEAR_EVERY_OFFER)


async def known_by_phone(channels, person):
    await channels.track(only(person, "customer", "visitor"), "login")
    await channels.track(only(person, "customer", "phone"), "login", channel=Channel.APP)


async def on_the_site(channels, person):
    return await channels.recommend(only(person, "customer"), context=IN_VIEW, explain=True)


async def on_the_telephone(channels, person, kind="phone"):
    return await channels.agent(only(person, kind), context=IN_VIEW, explain=True)


async def in_the_menu(channels, person, kind="phone"):
    """Ask what the telephone says before anybody is there to speak to."""
    menu = ("ivr.menu", Channel.IVR)
    return await channels.recommend(only(person, kind), *menu, context=IN_VIEW, explain=True)


async def complains(channels, person, **said):
    await channels.track(
        only(person, "phone"), "complaint", channel=Channel.CALL_CENTER, attributes=said
    )


async def test_who_complained_on_the_telephone_is_sold_nothing_on_the_site_until_it_is_settled(
    channels, somebody
):
    ada = somebody("ada")
    await known_by_phone(channels, ada)
    assert not SOLD & removed(await on_the_site(channels, ada)).keys()
    await complains(channels, ada)
    for answer in (await on_the_site(channels, ada), await on_the_telephone(channels, ada)):
        assert {removed(answer)[offer] for offer in SOLD} == {RemovalCode.COMPLAINT_OPEN}
        assert shown(answer)
        assert all(offer.startswith("default.") for offer in shown(answer))
    await complains(channels, ada, status="resolved")
    assert not SOLD & removed(await on_the_site(channels, ada)).keys()


async def test_what_was_said_on_the_site_not_to_be_wanted_is_not_prompted_until_taken_back(
    channels, somebody
):
    ada = somebody("ada")
    await known_by_phone(channels, ada)

    async def says(sentiment):
        await channels.track(
            only(ada, "visitor"), "preference", item_id=SHOE, attributes={"sentiment": sentiment}
        )

    await says("dislike")
    prompt = await on_the_telephone(channels, ada)
    assert removed(prompt)[SHOE_PROMOTION] == RemovalCode.DISLIKED
    await says("like")
    assert SHOE_PROMOTION not in removed(await on_the_telephone(channels, ada))


async def test_a_caller_who_brings_only_a_cookie_hears_nothing_personal(channels, somebody):
    ada = somebody("ada")
    await channels.track(only(ada, "visitor"), "view", item_id=SHOE)
    on_the_site = await channels.recommend(only(ada, "visitor"), explain=True)
    assert SHOES & set(shown(on_the_site))
    for heard in (on_the_telephone, in_the_menu):
        prompt = await heard(channels, ada, "visitor")
        assert removed(prompt)[SHOE_PROMOTION] == RemovalCode.NOT_AUTHENTICATED
        assert not {SHOE_PROMOTION, *SHOES} & set(shown(prompt))
    await known_by_phone(channels, ada)
    for heard in (on_the_telephone, in_the_menu):
        prompt = await heard(channels, ada)
        assert RemovalCode.NOT_AUTHENTICATED not in removed(prompt).values()
        assert SHOE_PROMOTION not in removed(prompt)


async def test_a_card_shown_at_the_till_makes_a_member_on_the_site(channels, somebody):
    ada, bob = somebody("ada"), somebody("bob")
    card = {"customer": ada["customer"], "loyalty_card": f"card-{ada['customer']}"}
    assert removed(await on_the_site(channels, ada))[FOR_MEMBERS] == RemovalCode.MEMBERS_ONLY
    await channels.track(card, "login", channel=Channel.STORE)
    assert FOR_MEMBERS not in removed(await on_the_site(channels, ada))
    assert removed(await on_the_site(channels, bob))[FOR_MEMBERS] == RemovalCode.MEMBERS_ONLY


async def test_a_call_is_offered_for_a_dear_cart_as_soon_as_an_agent_is_free(channels, somebody):
    ada = only(somebody("ada"), "visitor")

    async def at_the_cart(**attributes):
        asked = session("cart")
        asked.item_ids.extend(NEAR_EVERY_OFFER)
        asked.attributes.update(attributes)
        answer = await channels.recommend(ada, "web.cart", context=asked, explain=True)
        return removed(answer).get(CALL)

    await channels.track(ada, "add_to_cart", item_id="tv-1", session_id="cart")
    assert await at_the_cart(agent_free=True) == RemovalCode.CART_TOO_SMALL
    await channels.track(ada, "add_to_cart", item_id="tv-2", session_id="cart")
    assert await at_the_cart(agent_free=False) == RemovalCode.NO_AGENT
    request = edge_pb.SetAgentStatusRequest(
        agent_id="always-there", status=AgentStatus.AVAILABLE, capacity=100
    )
    await channels.edge.SetAgentStatus(request, timeout=TIMEOUT_S)

    async def is_offered():
        return await at_the_cart() is None

    await until(is_offered)

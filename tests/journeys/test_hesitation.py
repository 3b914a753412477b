"""Who hesitates at the checkout is offered free shipping by the very next request."""

from tests.journeys.channels import only, removed, shown

OFFER = "free_shipping"


async def at_the_checkout(channels, person, item_id="tv-1"):
    for type_ in ("add_to_cart", "checkout_started"):
        await channels.track(person, type_, item_id=item_id, session_id="checkout")


async def doubt(channels, person):
    await channels.track(person, "page_view", page="/help/shipping", session_id="checkout")


async def checkout_page(channels, person):
    return await channels.recommend(person, "web.checkout", limit=2, explain=True)


async def test_doubt_at_the_checkout_is_answered_at_once(channels, somebody):
    ada = only(somebody("ada"), "visitor")
    await at_the_checkout(channels, ada)
    assert OFFER not in shown(await checkout_page(channels, ada))
    await doubt(channels, ada)
    assert shown(await checkout_page(channels, ada))[0] == OFFER


async def test_twin_with_little_in_the_cart_there_is_nothing_to_give(channels, somebody):
    bob = only(somebody("bob"), "visitor")
    await at_the_checkout(channels, bob, "dvd-1")
    await doubt(channels, bob)
    answer = await checkout_page(channels, bob)
    assert OFFER not in shown(answer)
    assert OFFER not in removed(answer)


async def test_who_bought_hesitates_no_longer(channels, somebody):
    cara = only(somebody("cara"), "visitor")
    await at_the_checkout(channels, cara)
    await doubt(channels, cara)
    await channels.track(cara, "purchase", item_id="tv-1", order_id="cara-1")
    assert OFFER not in shown(await checkout_page(channels, cara))


async def test_free_shipping_turned_down_is_not_offered_again(channels, somebody):
    dora = only(somebody("dora"), "visitor")
    await at_the_checkout(channels, dora)
    await doubt(channels, dora)
    answer = await checkout_page(channels, dora)
    assert OFFER in shown(answer)
    await channels.track(dora, "decline", offer_id=OFFER, decision_id=answer.decision_id)
    assert OFFER not in shown(await checkout_page(channels, dora))

"""Stories of journeys around a cart: what is proposed when somebody hesitates, leaves or wants."""

from __future__ import annotations

import uuid
from datetime import timedelta

from demo.shop import story
from demo.stories.following import (
    at_the_desk,
    call,
    comes_to,
    is_over,
    is_to_be_called,
    known,
    letters,
    of_journeys,
    proposed,
    reachable,
    stage_of,
)
from demo.stories.stage import Person, Stage, StorySkipped, offer_ids, only
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.money_pb2 import Money
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.retrieval.v1.retrieval_pb2 import Item
from touchpoint.retrieval.v1.retrieval_service_pb2 import UpsertItemsRequest

FREE_SHIPPING, CALL_ME = "free_shipping", "call_me_now"
COME_BACK, COME_BACK_BETTER = "come_back", "come_back_better"
ABANDONED, SOLD_OUT, SURVEY, DEAR = "abandoned_cart", "sold_out", "cart_survey", "dear_checkout"
_LEFT_ALONE = timedelta(minutes=31)
_MOMENT = timedelta(minutes=1)
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
_TIMEOUT_S = 20.0


async def hesitation_at_the_checkout(stage: Stage) -> None:
    """Nora wonders what shipping costs, halfway through the checkout: it is on us, at once."""
    nora, paul = await stage.meet("Nora"), await stage.meet("Paul")
    for person in (nora, paul):
        await _checks_out(stage, person, story.SOUNDBAR)
    stage.tell("Nora and Paul both have a soundbar in the cart, and begin to check out.")
    before = await stage.offered(only(nora, "visitor"), "web checkout")
    stage.show("Nora's checkout", before)
    await _wonders(stage, nora)
    stage.tell("Nora leaves it to read about shipping, and comes back. Paul goes on.")
    after = await stage.offered(only(nora, "visitor"), "web checkout")
    stage.show("Nora's checkout", after)
    paul_sees = await stage.offered(only(paul, "visitor"), "web checkout")
    stage.show("Paul's checkout", paul_sees)
    stage.claim("nothing is given away before she hesitates", not proposed(FREE_SHIPPING, before))
    stage.claim("the next page offers free shipping", proposed(FREE_SHIPPING, after))
    stage.claim("Paul, who does not hesitate, pays", not proposed(FREE_SHIPPING, paul_sees))


async def called_from_the_checkout(stage: Stage) -> None:
    """Theo hesitates over a television: he asks to be called, and comes before all others."""
    theo = await known(stage, "Theo")
    async with at_the_desk(stage, "sales") as agent:
        await _checks_out(stage, theo, story.TV)
        await comes_to(stage, theo, DEAR, "beside_the_cart")
        cart = await stage.offered(only(theo, "visitor"), "web cart")
        stage.show("Theo's cart", cart)

        async def is_offered_a_call() -> bool:
            await _wonders(stage, theo)
            checkout.append(await stage.offered(only(theo, "visitor"), "web checkout"))
            return proposed(CALL_ME, checkout[-1])

        checkout: list[RecommendResponse] = []
        await stage.until(is_offered_a_call, "the offer of a call")
        stage.show("Theo's checkout", checkout[-1])
        await stage.happens(
            only(theo, "visitor"),
            "accept",
            offer_id=CALL_ME,
            decision_id=checkout[-1].decision_id,
            placement="web.checkout",
        )
        await comes_to(stage, theo, "asked_to_be_called", "call_back")
        stage.tell("He takes it. The next task of whoever is free:")
        prompt = await stage.offered(only(theo, "phone"), "call centre")
        before = len(agent.passed_over)
        await call(stage, agent, theo, "done")
        stage.show("the agent's prompt", prompt)
    beside = [each for each in of_journeys(cart) if each != CALL_ME]
    stage.claim("he is the first in the queue", len(agent.passed_over) == before)
    stage.claim("something goes with what is in his cart", bool(beside))
    stage.claim("who calls proposes the same as the site", set(beside) <= offer_ids(prompt))


async def a_cart_left_behind(stage: Stage) -> None:
    """Clara leaves a television behind: the site, a letter, a call, and then something better."""
    clara, bruno = await reachable(stage, "Clara"), await known(stage, "Bruno")
    for person in (clara, bruno):
        await stage.happens(
            only(person, "customer"), "add_to_cart", item_id=story.TV, session_id="left"
        )
        await comes_to(stage, person, ABANDONED)
    stage.tell("Clara and Bruno each put a television into the cart.")
    await stage.happens(
        only(bruno, "customer"),
        "purchase",
        item_id=story.TV,
        order_id=f"o-{bruno['customer']}",
    )
    await stage.passes(_LEFT_ALONE)
    stage.tell("Bruno buys his. Clara leaves; half an hour goes by.")
    await comes_to(stage, clara, ABANDONED, "on_the_site")
    asked_back = await stage.offered(only(clara, "visitor"), "web")
    stage.show("Clara's home page", asked_back)
    bruno_sees = await stage.offered(only(bruno, "visitor"), "web")
    stage.show("Bruno's home page", bruno_sees)
    stage.claim("the site asks Clara back", proposed(COME_BACK, asked_back))
    stage.claim("Bruno, who bought, is left in peace", not proposed(COME_BACK, bruno_sees))
    await stage.passes(2 * _DAY + _MOMENT)
    stage.tell("She does not answer. Two days later:")
    written = await letters(stage, clara, 1)
    stage.claim("she is written to", not written or "cart" in written[-1]["subject"])
    await stage.passes(2 * _DAY + _MOMENT)
    stage.tell("Again two days later:")
    await is_to_be_called(stage, clara, ABANDONED)
    async with at_the_desk(stage, "sales") as agent:
        task = await call(stage, agent, clara, "reached")
        who = (await stage.seen(only(bruno, "customer"))).who.person_ids
        stage.claim("nobody calls Bruno", await agent.claim(who) is None)
    stage.claim("somebody is asked to call Clara", COME_BACK in task.offer_ids)
    await comes_to(stage, clara, ABANDONED, "a_week")
    await stage.passes(_WEEK + _MOMENT)
    stage.tell("She thinks it over. A week later:")
    await comes_to(stage, clara, ABANDONED, "better")
    better = await stage.offered(only(clara, "visitor"), "web")
    stage.show("Clara's home page", better)
    stage.claim("the site has something better", proposed(COME_BACK_BETTER, better))
    await stage.happens(
        only(clara, "customer"), "accept", offer_id=COME_BACK_BETTER, decision_id=better.decision_id
    )
    await is_over(stage, clara, ABANDONED)


async def sold_out_and_back(stage: Stage) -> None:
    """Rosa and Emil want what is sold out: something else at once, and word when it is back."""
    if stage.house.shelves is None:
        raise StorySkipped("the catalogue cannot be written from here")
    rosa, emil = await reachable(stage, "Rosa"), await reachable(stage, "Emil")
    wanted = await _put_on_the_shelf(stage, f"tv-story-{uuid.uuid4().hex[:8]}", 0)
    await _is_known(stage, rosa, wanted)
    for person in (rosa, emil):
        await stage.happens(only(person, "customer"), "out_of_stock", item_id=wanted)
        await comes_to(stage, person, SOLD_OUT, "instead")
    stage.tell("A television is sold out; Rosa and Emil wanted it.")
    same = set(of_journeys(await stage.offered(only(rosa, "customer"), "web")))
    for place in ("web", "web cart", "call centre", "e-mail"):
        answer = await stage.offered(only(rosa, "customer"), place)
        stage.show(place, answer)
        found = set(of_journeys(answer))
        stage.claim(f"{place}: something in its place", bool(found) and wanted not in found)
        same &= found
    stage.claim("the same on every channel", bool(same))
    await stage.passes(2 * _DAY)
    await stage.happens(
        only(emil, "customer"), "purchase", item_id=story.TV, order_id=f"o-{emil['customer']}"
    )
    await is_over(stage, emil, SOLD_OUT)
    stage.tell("Emil buys another. Two days later it is on the shelf again.")
    await comes_to(stage, rosa, SOLD_OUT, "wait")
    await _put_on_the_shelf(stage, wanted, 5)

    async def is_told() -> bool:
        return await stage_of(stage, rosa, SOLD_OUT) != "wait"

    await stage.until(is_told, "word of its return")
    await stage.passes(_DAY - _MOMENT)
    written = await letters(stage, rosa, 1)
    await is_over(stage, rosa, SOLD_OUT)
    stage.claim("Rosa hears of it once", len(written) <= 1)
    view = await stage.seen(only(emil, "customer"))
    told = any(each.type == "contact_sent" for each in view.recent)
    stage.claim("Emil, who bought, hears nothing", not told)
    await _put_on_the_shelf(stage, wanted, 0)


async def asked_at_the_second_cart(stage: Stage) -> None:
    """Vera leaves two dear carts behind: one question, on whichever channel she comes to."""
    vera = await known(stage, "Vera")
    visitor = only(vera, "visitor")
    await stage.happens(visitor, "add_to_cart", item_id=story.TV, session_id="cart-first")
    await comes_to(stage, vera, SURVEY)
    await stage.passes(_LEFT_ALONE)
    await is_over(stage, vera, SURVEY)
    once = await stage.offered(visitor, "web cart")
    stage.claim("not at the first cart", SURVEY not in offer_ids(once))
    await stage.passes(_DAY)
    await stage.happens(visitor, "remove_from_cart", item_id=story.TV, session_id="cart-second")
    await stage.happens(
        visitor,
        "add_to_cart",
        item_id=story.GAMING_LAPTOP,
        quantity=3.0,
        session_id="cart-second",
    )
    await comes_to(stage, vera, SURVEY)
    await stage.passes(_LEFT_ALONE)
    stage.tell("A day later she leaves a second one behind: three laptops, no television.")
    await comes_to(stage, vera, SURVEY, "ask")
    heard = await stage.offered(only(vera, "phone"), "telephone menu", limit=2)
    stage.show("telephone menu", heard)
    stage.claim("the first channel asks", SURVEY in offer_ids(heard))
    await stage.happens(
        only(vera, "phone"),
        "impression",
        channel=Channel.IVR,
        offer_id=SURVEY,
        decision_id=heard.decision_id,
        placement="ivr.menu",
    )
    await comes_to(stage, vera, SURVEY, "asked")
    site = await stage.offered(only(vera, "visitor"), "web cart")
    stage.show("web cart", site)
    stage.claim("no other asks again", SURVEY not in offer_ids(site))


async def _checks_out(stage: Stage, person: Person, item_id: str) -> None:
    for type_ in ("view", "add_to_cart", "checkout_started"):
        await stage.happens(only(person, "visitor"), type_, item_id=item_id, session_id="checkout")


async def _wonders(stage: Stage, person: Person) -> None:
    await stage.happens(
        only(person, "visitor"), "page_view", page="/help/shipping", session_id="checkout"
    )


async def _put_on_the_shelf(stage: Stage, item_id: str, stock: int) -> str:
    """Write a television of the story's own, with so many of it in stock."""
    assert stage.house.shelves is not None, "asked for before"
    item = Item(
        item_id=item_id,
        title="Oriel Master OLED 4K, 55 in",
        category="Electronics > TVs",
        brand="Oriel",
        price=Money(amount="2899.00", currency="USD"),
        stock=stock,
    )
    await stage.house.shelves.UpsertItems(UpsertItemsRequest(items=[item]), timeout=_TIMEOUT_S)
    return item_id


async def _is_known(stage: Stage, person: Person, item_id: str) -> None:
    """Wait until every service knows of an item."""

    async def is_told() -> bool:
        await stage.happens(only(person, "customer"), "view", item_id=item_id)
        view = await stage.seen(only(person, "customer"))
        return bool(view.recent and view.recent[0].title)

    await stage.until(is_told, "word of the item")

"""(j) A gift, a cart, an answer and an empty shelf each bring up what fits, with the reason."""

import uuid

from tests.journeys.channels import until
from tests.journeys.shop import LAMP, SHOE_IN_BLUE
from touchpoint.common.v1.vocabulary_pb2 import Source


def reasons(answer):
    """Return the first reason of each offer: its code and its sentence."""
    return {
        one.offer_id: (one.reasons[0].code, one.reasons[0].text)
        for placement in answer.placements
        for one in placement.recommendations
    }


async def brought_up(channels, expected, *placement, before=None, **asked):
    """Ask as one visitor after the other until the offers come for their reasons.

    Attributes are laid out in a moment, and what else is tried in those places is chance.
    """
    found = {}

    async def is_there():
        visitor = {"visitor": str(uuid.uuid4())}
        if before is not None:
            await before(visitor)
        found.clear()
        found.update(reasons(await channels.recommend(visitor, *placement, **asked)))
        return expected.items() <= {each: code for each, (code, _) in found.items()}.items()

    await until(is_there)
    return {each: text for each, (_, text) in found.items()}


async def test_a_gift_is_found_by_what_its_recipient_likes(channels):
    recipient = {"relationship": "mother", "interests": ["lamps"], "age": 60}
    told = await brought_up(channels, {LAMP: Source.GIFT}, "web.gift", recipient=recipient)
    assert "lamps" in told[LAMP].lower() or "mother" in told[LAMP]


async def test_what_was_asked_for_is_found_by_its_attributes(channels):
    asked = {"attributes": {"colour": "blue", "category": "Sport > Running > Shoes"}}
    expected = {SHOE_IN_BLUE: Source.AS_ASKED_FOR}
    told = await brought_up(channels, expected, "web.finder", context=asked)
    assert told[SHOE_IN_BLUE] == "Matches all that you asked for"


async def test_a_cart_brings_up_what_goes_with_it(channels):
    cart = {"cart": [{"item_id": "tv-0", "quantity": 1}]}
    expected = {"dvd-0": Source.GOES_WITH_CART}
    told = await brought_up(channels, expected, "web.cart", context=cart)
    assert "Lumen TV 40" in told["dvd-0"]


async def test_what_was_out_of_stock_brings_up_another_thing_instead(channels):
    async def found_it_sold_out(visitor):
        for event in ("view", "out_of_stock"):
            await channels.track(visitor, event, item_id="tv-1", session_id="visit")

    looking = {"session_id": "visit", "item_ids": ["tv-1"]}
    told = await brought_up(
        channels,
        {"tv-0": Source.INSTEAD_OF},
        "web.item",
        before=found_it_sold_out,
        context=looking,
    )
    assert "Lumen TV 41" in told["tv-0"]
    assert "tv-1" not in told

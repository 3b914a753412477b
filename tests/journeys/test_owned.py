"""(b) What was bought an hour ago is not offered, nor its other colour."""

from datetime import timedelta

import pytest

from tests.journeys.channels import Channel, removed, shown
from tests.journeys.shop import NEAR_EVERY_OFFER, SHOE, SHOE_IN_BLUE, SHOE_PROMOTION
from touchpoint.aggregator.v1.aggregator_pb2 import Context
from touchpoint.common.v1.vocabulary_pb2 import RemovalCode

HOUR = timedelta(hours=1)
BOTH_COLOURS = {SHOE, SHOE_IN_BLUE}


async def test_neither_colour_of_what_was_bought_is_offered(channels, somebody):
    ada = somebody("ada")
    await channels.track(ada, "purchase", item_id=SHOE, ago=HOUR, value=90, order_id="o-1")
    answer = await channels.recommend(ada, explain=True)
    assert not BOTH_COLOURS & set(shown(answer))
    codes = {removed(answer).get(item) for item in BOTH_COLOURS}
    assert codes <= {RemovalCode.OWNED, None}


async def test_twin_what_was_only_looked_at_is_offered(channels, somebody):
    bob = somebody("bob")
    await channels.track(bob, "view", item_id=SHOE, ago=HOUR)
    assert BOTH_COLOURS & set(shown(await channels.recommend(bob)))


async def test_twin_what_was_bought_as_a_gift_is_offered_still(channels, somebody):
    cleo = somebody("cleo")
    await channels.track(
        cleo, "purchase", item_id=SHOE, ago=HOUR, value=90, attributes={"gift": True}
    )
    assert BOTH_COLOURS & set(shown(await channels.recommend(cleo)))


async def test_twin_what_was_returned_is_offered_again(channels, somebody):
    dora = somebody("dora")
    await channels.track(dora, "purchase", item_id=SHOE, ago=2 * HOUR, value=90, order_id="o-2")
    await channels.track(dora, "return", item_id=SHOE, ago=HOUR, value=90, order_id="o-2")
    assert BOTH_COLOURS & set(shown(await channels.recommend(dora)))


async def test_no_discount_is_offered_anywhere_on_what_was_bought_at_the_till(channels, somebody):
    ada = somebody("ada")
    bought = {"item_id": SHOE_IN_BLUE, "value": 90, "order_id": "o-3", "channel": Channel.STORE}
    in_view = Context(item_ids=NEAR_EVERY_OFFER)

    async def offered(placement, channel):
        return await channels.recommend(
            ada, placement, channel, context=in_view, preview=True, explain=True
        )

    assert SHOE_PROMOTION not in removed(await offered("web.home.banner", Channel.WEB))
    await channels.track(ada, "purchase", **bought)
    for place in (("web.home.banner", Channel.WEB), ("agent.prompt", Channel.CALL_CENTER)):
        answer = await offered(*place)
        assert removed(answer)[SHOE_PROMOTION] == RemovalCode.OWNED
        assert not {SHOE_PROMOTION, *BOTH_COLOURS} & set(shown(answer))


@pytest.mark.parametrize(("days", "is_due"), [(2, False), (11, True)])
async def test_what_is_bought_again_and_again_is_offered_when_it_is_due(
    channels, somebody, days, is_due
):
    ada = somebody("ada")
    for turn in range(4):
        ago = timedelta(days=days + 10 * turn)
        order = {"value": 15, "order_id": f"{ada['customer']}-{turn}"}
        await channels.track(ada, "purchase", item_id="tin-0", ago=ago, **order)
    answer = await channels.recommend(ada, explain=True)
    assert ("tin-0" in shown(answer)) == is_due
    assert removed(answer).get("tin-0") == (None if is_due else RemovalCode.NOT_DUE)

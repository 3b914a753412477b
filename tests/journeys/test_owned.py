"""(b) What was bought an hour ago is not offered, nor its other colour."""

from datetime import timedelta

from tests.journeys.channels import removed, shown
from tests.journeys.shop import SHOE, SHOE_IN_BLUE
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

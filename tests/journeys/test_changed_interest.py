"""(e) Who passes over running shoes and looks at bikes is shown bikes on the next home page."""

from datetime import timedelta

from tests.journeys.channels import only, shown
from tests.journeys.shop import BIKES, SHOE, SHOE_IN_BLUE, SHOE_PROMOTION

SHOES = {SHOE, SHOE_IN_BLUE, SHOE_PROMOTION}
"""What is about the shoes, in the one way or the other."""
BIKE_IDS = [bike for _, bike in BIKES]
ON_THE_PAGE, AT_ITS_TOP = 12, 3
"""Places of the page; what is seen first. Now and then a place goes to what is to be tried."""


async def look(channels, person, item_ids, *, since):
    """Look at one item after another, a minute each."""
    for step, item_id in enumerate(item_ids):
        await channels.track(person, "view", item_id=item_id, ago=since - timedelta(minutes=step))


async def home_page(channels, person):
    return await channels.recommend(person, limit=ON_THE_PAGE)


async def pass_over_shoes(channels, person):
    """See shoes on the home page after some looks at them, and leave them there."""
    await look(channels, person, [SHOE, SHOE_IN_BLUE], since=timedelta(minutes=12))
    banner = await home_page(channels, person)
    assert SHOES & set(shown(banner))
    for offer_id in SHOES & set(shown(banner)):
        told = {"offer_id": offer_id, "decision_id": banner.decision_id}
        await channels.track(person, "impression", placement="web.home.banner", **told)
        await channels.track(person, "ignore", placement="web.home.banner", **told)
    return banner


def is_about_bikes(offer_ids):
    """Say whether most of what leads the page are bikes."""
    return 2 * len(set(BIKE_IDS) & set(offer_ids[:AT_ITS_TOP])) > AT_ITS_TOP


async def test_the_next_home_page_follows_from_shoes_to_bikes(channels, somebody):
    visitor = only(somebody("ada"), "visitor")
    before = await pass_over_shoes(channels, visitor)
    assert not is_about_bikes(shown(before))
    await look(channels, visitor, BIKE_IDS, since=timedelta(minutes=9))
    assert is_about_bikes(shown(await home_page(channels, visitor)))


async def test_twin_who_looks_at_nothing_else_is_not_shown_bikes(channels, somebody):
    visitor = only(somebody("bob"), "visitor")
    await pass_over_shoes(channels, visitor)
    await channels.track(visitor, "view", item_id=SHOE)
    after = shown(await home_page(channels, visitor))
    assert SHOES & set(after)
    assert not is_about_bikes(after)

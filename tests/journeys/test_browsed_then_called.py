"""(c) Twenty minutes on PCs, then a call: the agent sees it, and leads with it."""

from datetime import timedelta

import pytest

from tests.journeys.channels import Channel, only
from tests.journeys.shop import PCS

MINUTES = 20


async def browse(channels, person, item_ids, *, minutes):
    """Look at one item after another, two minutes each, ending now."""
    steps = minutes // 2
    for step in range(steps + 1):
        await channels.track(
            only(person, "visitor"),
            "view",
            item_id=item_ids[step % len(item_ids)],
            ago=timedelta(minutes=minutes - 2 * step),
            session_id=f"web-{person['visitor']}",
        )
    return item_ids[steps % len(item_ids)]


async def call(channels, person):
    await channels.track(
        only(person, "phone"), "call_started", channel=Channel.CALL_CENTER, session_id="call"
    )
    return await channels.view(only(person, "phone"))


async def known_everywhere(channels, person):
    await channels.track(only(person, "customer", "visitor"), "login")
    await channels.track(only(person, "customer", "phone"), "login", channel=Channel.APP)


async def test_the_call_finds_the_category_the_minutes_and_the_last_pc(channels, somebody):
    ada = somebody("ada")
    await known_everywhere(channels, ada)
    last = await browse(channels, ada, PCS, minutes=MINUTES)
    view = await call(channels, ada)
    assert view.session.category == "Electronics > PCs"
    assert view.session.minutes == pytest.approx(MINUTES, abs=1)
    assert view.session.last_item_id == last
    line = view.next_best_actions[0].line
    assert "PCs" in line
    assert str(MINUTES) in line
    assert view.session.last_item_title in line


async def test_twin_somebody_who_looked_at_films_hears_nothing_of_pcs(channels, somebody):
    bob = somebody("bob")
    await known_everywhere(channels, bob)
    await browse(channels, bob, ["dvd-1", "dvd-2"], minutes=MINUTES)
    view = await call(channels, bob)
    assert view.session.category == "Media > DVDs"
    assert "PCs" not in view.next_best_actions[0].line


async def test_twin_a_number_that_nobody_linked_brings_no_browsing_along(channels, somebody):
    cleo = somebody("cleo")
    await browse(channels, cleo, PCS, minutes=MINUTES)
    view = await call(channels, cleo)
    assert view.session.category == ""
    assert not any("PCs on the web" in action.line for action in view.next_best_actions)

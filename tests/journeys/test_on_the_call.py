"""A call goes on: what is said changes what is offered, here and on every other channel."""

import pytest

from tests.journeys.channels import Channel, identities, only
from tests.journeys.shop import PCS
from tests.journeys.test_browsed_then_called import browse, known_everywhere
from touchpoint.aggregator.v1.aggregator_service_pb2 import WatchCustomerRequest

pytestmark = pytest.mark.modes("colocated")


async def says(channels, person, kind, channel=Channel.CALL_CENTER, **more):
    phone = only(person, "phone")
    await channels.track(phone, kind, channel=channel, session_id="call", **more)
    return await channels.view(phone)


async def test_each_thing_said_changes_what_the_agent_says_next(channels, somebody):
    ada = somebody("ada")
    await known_everywhere(channels, ada)
    await browse(channels, ada, PCS, minutes=20)
    view = await says(channels, ada, "call_started", Channel.IVR)
    assert "PCs" in view.next_best_actions[0].line
    view = await says(channels, ada, "ivr_choice", Channel.IVR, attributes={"choice": "orders"})
    assert view.next_best_actions[0].line == "Asks about orders"
    answer = await channels.recommend(only(ada, "phone"), "ivr.menu", Channel.IVR, limit=2)
    assert answer.routing.queue == "orders"
    [menu] = answer.placements
    assert [one.menu_key for one in menu.recommendations] == [1, 2][: len(menu.recommendations)]
    assert menu.recommendations
    assert all(one.creative.ssml.startswith("<speak ") for one in menu.recommendations)
    view = await says(
        channels, ada, "call_topic", attributes={"topic": "advice", "category": "Media > DVDs"}
    )
    assert (view.session.category, view.session.is_said) == ("Media > DVDs", True)
    assert view.next_best_actions[0].line.startswith("Asks about DVDs")
    view = await says(channels, ada, "agent_note", item_id=PCS[0], attributes={"text": "A gift"})
    assert view.session.last_item_id == PCS[0]
    view = await says(channels, ada, "complaint")
    assert view.complaint_open
    assert "complained" in view.next_best_actions[0].line.lower()
    answer = await channels.recommend(only(ada, "phone"), "ivr.menu", Channel.IVR, limit=2)
    assert answer.routing.queue == "complaints"
    view = await says(channels, ada, "complaint", attributes={"status": "resolved"})
    assert not view.complaint_open
    view = await says(channels, ada, "call_ended")
    assert not view.HasField("call")
    assert "PCs" in view.next_best_actions[0].line


async def test_whoever_is_not_who_the_number_says_is_shown_nothing_of_them(channels, somebody):
    ada = somebody("ada")
    await known_everywhere(channels, ada)
    await browse(channels, ada, PCS, minutes=20)
    phone = only(ada, "phone")
    watching = channels.edge.WatchCustomer(WatchCustomerRequest(identities=identities(phone)))
    assert (await watching.read()).view.session.category == "Electronics > PCs"
    await channels.track(phone, "not_me", channel=Channel.CALL_CENTER)
    while (update := await watching.read()).cause != "not_me":
        pass
    for view in (update.view, await channels.view(phone)):
        assert view.session.category == ""
        assert not any("Spent" in action.line for action in view.next_best_actions)
    watching.cancel()
    mine = await channels.view(only(ada, "visitor"))
    assert mine.session.category == "Electronics > PCs"

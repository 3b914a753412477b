"""Stories of one memory: what one channel learns of a person, all of them know."""

from __future__ import annotations

from datetime import timedelta

from demo.shop import story
from demo.stories.stage import (
    Stage,
    StoryError,
    offer_ids,
    only,
    recommendations,
    why_not,
)
from touchpoint.aggregator.v1.aggregator_pb2 import Recommendation
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.vocabulary_pb2 import Channel

_HOUR = timedelta(hours=1)
_LAPTOPS = (story.DESKTOP, story.GAMING_LAPTOP, story.LAPTOP)


async def declined_last_night(stage: Stage) -> None:
    """What Ravi turns down on the web, nobody repeats to him on the telephone."""
    ravi = await stage.meet("Ravi")
    await stage.happens(only(ravi, "customer", "phone"), "login")
    before = await stage.offered(only(ravi, "customer"), "web")
    stage.tell("Before:")
    stage.show("web", before)
    stage.show("call centre", await stage.offered(only(ravi, "phone"), "call centre"))
    refused = _first(before)
    await stage.happens(only(ravi, "customer"), "decline", offer_id=refused.offer_id)
    stage.tell(f"Ravi declines “{refused.creative.title}” on the web, and calls at once.")
    after = await stage.offered(only(ravi, "phone"), "call centre", limit=50)
    stage.show("call centre", after)
    reason = why_not(after, refused.offer_id)
    stage.tell(f"  why not: {reason or 'it was not even proposed'}")
    stage.claim("the call centre does not repeat it", refused.offer_id not in offer_ids(after))


async def browsed_then_called(stage: Stage) -> None:
    """Ada looks at PCs for twenty minutes and calls: the agent knows, and leads with it."""
    ada = await stage.meet("Ada")
    await stage.happens(only(ada, "customer", "visitor"), "login", ago=2 * _HOUR)
    await stage.happens(only(ada, "customer", "phone"), "login", ago=2 * _HOUR)
    for minute in range(0, 22, 2):
        await stage.happens(
            only(ada, "visitor"),
            "view",
            item_id=_LAPTOPS[minute % len(_LAPTOPS)],
            ago=timedelta(minutes=20 - minute),
            session_id="ada-web",
        )
    await stage.happens(
        only(ada, "phone"), "call_started", channel=Channel.CALL_CENTER, session_id="ada-call"
    )
    view = await stage.seen(only(ada, "phone"))
    stage.tell(f"The agent sees: {view.session.category}, {view.session.minutes:.0f} minutes,")
    stage.tell(f"  last looked at: {view.session.last_item_title}")
    line = view.next_best_actions[0].line if view.next_best_actions else ""
    stage.tell(f"The agent says: {line or 'nothing'}")
    stage.claim("the view names the category", "PCs" in view.session.category)
    stage.claim("the agent leads with it", "PCs" in line)


async def bought_in_black(stage: Stage) -> None:
    """Lucia bought the loafers in black: no channel offers them to her in tan."""
    lucia = await stage.meet("Lucia")
    await stage.happens(lucia, "view", item_id=story.LOAFERS_IN_TAN)
    before = await stage.offered(lucia, "web", limit=50)
    stage.tell("Before:")
    stage.show("web", before)
    await stage.happens(
        lucia, "purchase", item_id=story.LOAFERS, ago=_HOUR, price="249.00", order_id="lucia-1"
    )
    stage.tell("An hour ago Lucia bought the loafers in black, size 8.")
    for place in ("web", "store till"):
        after = await stage.offered(lucia, place, limit=50)
        stage.show(place, after)
        both = {story.LOAFERS, story.LOAFERS_IN_TAN}
        stage.claim(f"{place}: neither colour is offered", not both & offer_ids(after))


async def three_times_a_week(stage: Stage) -> None:
    """Three approaches in a week are enough, whichever systems make them."""
    tom = await stage.meet("Tom")
    await stage.happens(tom, "page_view")
    granted = []
    for channel in (Channel.EMAIL, Channel.SMS, Channel.DIRECT_MAIL, Channel.PUSH):
        answer = await stage.reserved(tom, channel)
        granted.append(answer.granted)
        name = Channel.Value.Name(channel)
        stage.tell(f"  {name} asks: {'granted' if answer.granted else 'refused'}")
    view = await stage.seen(tom)
    stage.tell(f"  used {view.contacts.used} of {view.contacts.limit}")
    stage.claim("three are granted, the fourth is refused", granted == [True, True, True, False])


async def a_visitor_logs_in(stage: Stage) -> None:
    """What the visitor said no to, the customer is not asked again: one memory."""
    mia = await stage.meet("Mia")
    visitor = await stage.offered(only(mia, "visitor"), "web")
    refused = _first(visitor)
    await stage.happens(only(mia, "visitor"), "decline", offer_id=refused.offer_id)
    stage.tell(f"A visitor declines “{refused.creative.title}”.")
    await stage.happens(only(mia, "customer", "visitor"), "login")
    after = await stage.offered(only(mia, "customer"), "web", limit=50)
    stage.tell("She logs in: it is Mia.")
    stage.show("web", after)
    stage.claim("Mia is not asked again", refused.offer_id not in offer_ids(after))


async def two_people_one_telephone(stage: Stage) -> None:
    """Ines and Tomas share a number: the agent is told so, and nothing personal is said."""
    phone = story.INES.customer.phone
    view = await stage.seen({"phone": phone})
    for choice in view.who.choices:
        stage.tell(f"  it may be: {choice.description}")
    stage.claim("the number is ambiguous", view.who.ambiguous and len(view.who.choices) == 2)
    stage.claim("nothing personal is said", not view.recent)


def _first(answer: RecommendResponse) -> Recommendation:
    found = recommendations(answer)
    if not found:
        raise StoryError("the web shows nothing: is the story shop imported (touchpoint up)?")
    return found[0]

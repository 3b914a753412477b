"""Stories of journeys that keep somebody: welcomed, missed, heard, reminded, written to."""

from __future__ import annotations

from datetime import timedelta

from demo.shop import story
from demo.stories.following import (
    at_the_desk,
    call,
    comes_to,
    day_of,
    has_adviser,
    is_over,
    is_to_be_called,
    known,
    letters,
    of_journeys,
    proposed,
    reachable,
)
from demo.stories.stage import Person, Stage, StorySkipped, only, recommendations
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

WELCOME, FIRST_ORDER = "welcome", "first_order"
LAPSED, MISSED = "lapsed_best_customer", "we_missed_you"
COMPLAINT, LEFT, LOW, PICKS = "complaint", "abandoned_cart", "running_low", "weekly_picks"
HOLIDAY, ASKED_FOR, BETTER = "holiday_special", "holiday_special", "holiday_fifteen"
CHAT, ASKED_TO_CHAT = "chat_now", "asked_to_chat"
_FOR_SALE = (OfferKind.PRODUCT, OfferKind.PROMOTION)
_MOMENT = timedelta(minutes=1)
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY
_LAPSING = 45 * _DAY


async def welcomed(stage: Stage) -> None:
    """Lena signs up: she is welcomed, and after three days something helps with the first order."""
    lena = await reachable(stage, "Lena", is_new=True)
    await comes_to(stage, lena, WELCOME)
    await letters(stage, lena, 1)
    await stage.passes(3 * _DAY + _MOMENT)
    await comes_to(stage, lena, WELCOME, FIRST_ORDER)
    page = await stage.offered(only(lena, "visitor"), "web")
    stage.tell("Three days later, nothing bought:")
    stage.show("Lena's home page", page)
    stage.claim("the site helps with the first order", proposed(FIRST_ORDER, page))
    await _buys(stage, lena, story.DVD)
    await is_over(stage, lena, WELCOME)
    after = await stage.offered(only(lena, "visitor"), "web")
    stage.tell("She buys.")
    stage.show("Lena's home page", after)
    stage.claim("with the first sale it is over", not proposed(FIRST_ORDER, after))


async def missed(stage: Stage) -> None:
    """Otto, one of the best, stays away for 45 days: the site, a letter and a call win him back."""
    otto = await reachable(stage, "Otto")
    await has_adviser(stage, otto)
    for days in (90, 60, 30):
        await _buys(stage, otto, story.TV, days_ago=days, price="9000.00")
    await _buys(stage, otto, story.LAPTOP, price="9000.00")
    view = await stage.seen(only(otto, "customer"))
    if "best_customers" not in view.segments:
        raise StorySkipped("who buys for 36,000 is none of the best here")
    await comes_to(stage, otto, LAPSED)
    await stage.passes(_LAPSING + _MOMENT)
    stage.tell("Otto has bought a lot. For 45 days nobody sees him.")
    await comes_to(stage, otto, LAPSED, "on_the_site")
    page = await stage.offered(only(otto, "visitor"), "web")
    stage.show("Otto's home page", page)
    stage.claim("the site has missed him", proposed(MISSED, page))
    await stage.passes(_WEEK + _MOMENT)
    written = await letters(stage, otto, 1)
    own = {mail.get("from_name") for mail in written}
    stage.claim("his own adviser writes", own <= {"Robin Hale"})
    await stage.passes(5 * _DAY + _MOMENT)
    await is_to_be_called(stage, otto, LAPSED)
    async with at_the_desk(stage, "sales") as agent:
        task = await call(stage, agent, otto, "accepted")
    stage.claim("and somebody calls", MISSED in task.offer_ids)
    await comes_to(stage, otto, LAPSED, "to_order")
    await _buys(stage, otto, story.TV, price="2999.00")
    await is_over(stage, otto, LAPSED)


async def heard(stage: Stage) -> None:
    """Hugo complains with a cart left behind: nobody sells him anything until it is settled."""
    hugo = await reachable(stage, "Hugo")
    await stage.happens(only(hugo, "customer"), "add_to_cart", item_id=story.TV, session_id="left")
    await comes_to(stage, hugo, LEFT)
    await stage.passes(timedelta(minutes=31))
    await comes_to(stage, hugo, LEFT, "on_the_site")
    await stage.happens(only(hugo, "phone"), "complaint", channel=Channel.CALL_CENTER)
    await comes_to(stage, hugo, COMPLAINT, "see_to_it")
    await is_over(stage, hugo, LEFT)
    page = await stage.offered(only(hugo, "visitor"), "web")
    stage.tell("Hugo left a cart behind, and calls to complain.")
    stage.show("Hugo's home page", page)
    stage.claim("nothing is sold to him", not _sells(page))
    async with at_the_desk(stage, "service") as agent:
        await call(stage, agent, hugo, "done")
    await comes_to(stage, hugo, COMPLAINT, "wait")
    await stage.passes(2 * _DAY)
    settled = {"status": "resolved"}
    await stage.happens(only(hugo, "customer"), "complaint", attributes=settled)
    stage.tell("Two days later it is settled.")
    await is_over(stage, hugo, COMPLAINT)
    written = await letters(stage, hugo, 1)
    said = not written or "complaint" in written[-1]["subject"]
    stage.claim("he hears that it is settled", said)
    page = await stage.offered(only(hugo, "visitor"), "web")
    stage.show("Hugo's home page", page)
    stage.claim("and is a customer again", _sells(page))


async def reminded(stage: Stage) -> None:
    """Ravi buys gels every fortnight: before they are used up, the site has them ready."""
    ravi = await reachable(stage, "Ravi")
    for days in (42, 28, 14, 0):
        await _buys(stage, ravi, story.ENERGY_GELS, days_ago=days)
    await comes_to(stage, ravi, LOW, "wait")
    await stage.passes(6 * _DAY)
    early = await stage.offered(only(ravi, "visitor"), "web")
    await stage.passes(4 * _DAY)
    days = 10 + await day_of(stage, ravi, LOW, "remind")
    due = await stage.offered(only(ravi, "visitor"), "web")
    stage.tell(f"{days} days after the last ones:")
    stage.show("Ravi's home page", due)
    stage.claim("not before they are due", not proposed(story.ENERGY_GELS, early))
    stage.claim("then the site reminds him", story.ENERGY_GELS in of_journeys(due))
    await _buys(stage, ravi, story.ENERGY_GELS)
    await comes_to(stage, ravi, LOW, "wait")
    stage.tell("He buys them, and the next fortnight begins.")


async def asked_into_the_chat(stage: Stage) -> None:
    """Mara looks through one page of answers after the other: she is asked into the chat."""
    mara = await known(stage, "Mara")
    async with at_the_desk(stage, "sales", "chat") as agent:
        for page in ("delivery", "returns", "payment"):
            before = await stage.offered(only(mara, "visitor"), "web help")
            await stage.happens(
                only(mara, "visitor"), "faq_view", page=f"/help/{page}", session_id="help"
            )
        stage.claim("not after two", not proposed(CHAT, before))

        async def invited() -> bool:
            after.append(await stage.offered(only(mara, "visitor"), "web help"))
            return proposed(CHAT, after[-1])

        after: list[RecommendResponse] = []
        await stage.until(invited, "the invitation to chat")
        stage.show("help pages", after[-1])
        await stage.happens(
            only(mara, "visitor"),
            "accept",
            offer_id=CHAT,
            decision_id=after[-1].decision_id,
            placement="web.faq",
        )
        await comes_to(stage, mara, ASKED_TO_CHAT, "chat")
        stage.tell("She takes it. The next task of whoever is free:")
        before_all = len(agent.passed_over)
        task = await call(stage, agent, mara, "done")
        await is_over(stage, mara, ASKED_TO_CHAT)
    stage.claim("after three pages of answers", proposed(CHAT, after[-1]))
    stage.claim(
        "the chat is an agent's before all that we want", len(agent.passed_over) == before_all
    )
    stage.claim("it is a chat that the agent is given", task.kind == "chat")


async def written_to_every_week(stage: Stage) -> None:
    """Iris says what she likes: a letter a week, until she has enough of it."""
    iris = await reachable(stage, "Iris")
    likes = {"category": "Running", "sentiment": "like"}
    await stage.happens(only(iris, "customer"), "preference", attributes=likes)
    await comes_to(stage, iris, PICKS, "a_week")
    for week in (1, 2):
        await stage.passes(_WEEK + 12 * timedelta(hours=1))
        stage.tell(f"Week {week}:")
        written = await letters(stage, iris, week)
        picks = not written or "this week" in written[-1]["subject"]
        stage.claim(f"a letter in week {week}", picks)
    enough = {"purpose": "marketing"}
    await stage.happens(only(iris, "customer"), "unsubscribe", attributes=enough)
    await is_over(stage, iris, PICKS)
    stage.tell("She unsubscribes, and that is that.")


async def asked_for_the_holidays(stage: Stage) -> None:
    """Jonas asks for the holiday special and is silent: a call, and a week later a better one."""
    jonas = await reachable(stage, "Jonas")
    await has_adviser(stage, jonas)
    await stage.happens(
        only(jonas, "customer"), "accept", offer_id=ASKED_FOR, channel=Channel.CALL_CENTER
    )
    await comes_to(stage, jonas, HOLIDAY, "letter")
    await letters(stage, jonas, 1)
    await stage.passes(3 * _DAY + _MOMENT)
    stage.tell("He does not answer. Three days later:")
    await is_to_be_called(stage, jonas, HOLIDAY)
    async with at_the_desk(stage, "sales") as agent:
        await call(stage, agent, jonas, "declined")
    await comes_to(stage, jonas, HOLIDAY, "a_week")
    await stage.passes(_WEEK + _MOMENT)
    stage.tell("Not enough, he says. A week later:")
    await comes_to(stage, jonas, HOLIDAY, "better_on_the_site")
    written = await letters(stage, jonas, 2)
    own = {mail.get("from_name") for mail in written}
    stage.claim("his own adviser writes", own <= {"Robin Hale"})
    page = await stage.offered(only(jonas, "visitor"), "web")
    stage.show("Jonas's home page", page)
    stage.claim("with something better", proposed(BETTER, page))
    await _buys(stage, jonas, story.DVD)
    await is_over(stage, jonas, HOLIDAY)


async def _buys(
    stage: Stage, person: Person, item_id: str, *, days_ago: int = 0, price: str = ""
) -> None:
    await stage.happens(
        only(person, "customer"),
        "purchase",
        item_id=item_id,
        ago=days_ago * _DAY,
        price=price,
        order_id=f"o-{person['customer']}-{item_id[:20]}-{days_ago}-{stage.ahead.days}",
    )


def _sells(answer: RecommendResponse) -> bool:
    """Say whether anything is for sale: a guide, or a service, is not."""
    return any(shown.kind in _FOR_SALE for shown in recommendations(answer))

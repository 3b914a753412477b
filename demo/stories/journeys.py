"""Stories of journeys: what is proposed by itself when something happens, or does not."""

from __future__ import annotations

from datetime import timedelta

from demo.shop import story
from demo.stories.desk import Agent, signed_on
from demo.stories.stage import Person, Stage, StoryError, offer_ids, only, sources
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.vocabulary_pb2 import Source

FREE_SHIPPING, COME_BACK = "free_shipping", "come_back"
ABANDONED = "abandoned_cart"
_LEFT_ALONE = timedelta(minutes=31)
_NO_ANSWER = timedelta(days=2, minutes=1)


async def hesitation_at_the_checkout(stage: Stage) -> None:
    """Nora wonders what shipping costs, halfway through the checkout: it is on us, at once."""
    nora, paul = await stage.meet("Nora"), await stage.meet("Paul")
    for person in (nora, paul):
        for type_ in ("view", "add_to_cart", "checkout_started"):
            await stage.happens(
                only(person, "visitor"), type_, item_id=story.SOUNDBAR, session_id="checkout"
            )
    stage.tell("Nora and Paul both have a soundbar in the cart, and begin to check out.")
    before = await stage.offered(only(nora, "visitor"), "web checkout")
    stage.show("Nora's checkout", before)
    await stage.happens(
        only(nora, "visitor"), "page_view", page="/help/shipping", session_id="checkout"
    )
    stage.tell("Nora leaves it to read about shipping, and comes back. Paul goes on.")
    after = await stage.offered(only(nora, "visitor"), "web checkout")
    stage.show("Nora's checkout", after)
    paul_sees = await stage.offered(only(paul, "visitor"), "web checkout")
    stage.show("Paul's checkout", paul_sees)
    stage.claim("nothing is given away before she hesitates", not _proposed(FREE_SHIPPING, before))
    stage.claim("the next page offers free shipping", _proposed(FREE_SHIPPING, after))
    stage.claim("Paul, who does not hesitate, pays", not _proposed(FREE_SHIPPING, paul_sees))


async def a_cart_left_behind(stage: Stage) -> None:
    """Clara leaves a television in her cart: the site asks her back, and at last somebody calls."""
    clara, bruno = await stage.meet("Clara"), await stage.meet("Bruno")
    for person in (clara, bruno):
        await stage.happens(person, "login")
        await stage.happens(person, "add_to_cart", item_id=story.TV, session_id="left")
        await _in_stage(stage, person)
    stage.tell("Clara and Bruno each put a television into the cart.")
    stage.show("Clara's home page", await stage.offered(only(clara, "visitor"), "web"))
    await stage.happens(bruno, "purchase", item_id=story.TV, order_id=f"o-{bruno['customer']}")
    await stage.passes(_LEFT_ALONE)
    stage.tell("Bruno buys his. Clara leaves; half an hour goes by.")
    await _in_stage(stage, clara, "on_the_site")
    asked_back = await stage.offered(only(clara, "visitor"), "web")
    stage.show("Clara's home page", asked_back)
    bruno_sees = await stage.offered(only(bruno, "visitor"), "web")
    stage.show("Bruno's home page", bruno_sees)
    stage.claim("the site asks Clara back", _proposed(COME_BACK, asked_back))
    stage.claim("Bruno, who bought, is left in peace", not _proposed(COME_BACK, bruno_sees))
    await stage.passes(_NO_ANSWER)
    stage.tell("She does not answer. Two days later:")
    await _in_stage(stage, clara, "call")
    async with signed_on(stage.edge, "sales") as agent:
        await _call(stage, agent, clara)
        who = (await stage.seen(bruno)).who.person_ids
        stage.claim("nobody calls Bruno", await agent.claim(who) is None)


async def _call(stage: Stage, agent: Agent, person: Person) -> None:
    """Let an agent take the task about the person and end it with a sale."""
    view = await stage.seen(only(person, "customer"))
    task = await agent.claim(view.who.person_ids)
    if task is None:
        raise StoryError("nobody is asked to call")
    known = ", ".join(f"{each.kind} {each.masked_value}" for each in view.who.identities)
    stage.tell(f"  the agent sees whom to call: {known}")
    stage.tell(f"  why: {task.reason}")
    stage.tell(f"  what to say: {task.script}")
    stage.claim("somebody is asked to call Clara", COME_BACK in task.offer_ids)
    ended = await agent.complete(task, "accepted")
    stage.tell("Clara says yes, and the agent notes it.")
    await _over(stage, person)
    stage.claim("with that the journey is over", ended.outcome == "accepted")


async def _stage_of(stage: Stage, person: Person) -> str | None:
    """Return the stage of the abandoned cart that the person is in; None: in no such journey."""
    view = await stage.seen(only(person, "customer"))
    return next((each.stage for each in view.journeys if each.scenario == ABANDONED), None)


async def _in_stage(stage: Stage, person: Person, wanted: str = "") -> None:
    """Wait for a stage, or for the journey to have begun."""

    async def there() -> bool:
        found = await _stage_of(stage, person)
        return found == wanted if wanted else found is not None

    await stage.until(there, f"the journey's stage {wanted}" if wanted else "the journey")


async def _over(stage: Stage, person: Person) -> None:
    async def ended() -> bool:
        return await _stage_of(stage, person) is None

    await stage.until(ended, "the end of the journey")


def _proposed(offer_id: str, answer: RecommendResponse) -> bool:
    """Say whether a journey brought an offer up."""
    return offer_id in offer_ids(answer) and sources(answer).get(offer_id) == Source.JOURNEY

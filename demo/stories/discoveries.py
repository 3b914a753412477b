"""Stories of what people are shown that they did not ask for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from demo.shop import story
from demo.stories.stage import Person, Stage, StorySkipped, offer_ids, only, recommendations
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendResponse
from touchpoint.common.v1.vocabulary_pb2 import Source

_MINUTE = timedelta(minutes=1)
_PAGE = 5
"""So long that one thing that is tried out does not decide what the page is about."""
_RUNNING = ("run-", "promo-running-")
_CYCLING = ("bike-", "cycle-", "helmet-", "promo-bike-")
"""How the ids of what is for running, and of what is for cycling, begin."""
_RUNNERS_THINGS = (story.RUNNING_SHOES, story.RUNNING_WATCH, story.ENERGY_GELS)
_BAKERS_THINGS = (story.BUNDT_PAN, story.FLOUR, story.BANNETON)
_LEARNED = {
    Source.FOR_YOU: "for you",
    Source.PEOPLE_LIKE_YOU: "people like you",
    Source.ALSO_BOUGHT: "also bought",
}
"""Where proposals come from that a trained model makes."""


async def bikes_instead_of_shoes(stage: Stage) -> None:
    """Leo passes over running shoes and looks at bikes: so does the next home page."""
    leo = only(await stage.meet("Leo"), "visitor")
    await _looks_at(stage, leo, [story.RUNNING_SHOES], since=12)
    before = await stage.offered(leo, "web", limit=_PAGE)
    stage.tell("Leo has looked at a pair of running shoes.")
    stage.show("home page", before)
    for shown in recommendations(before):
        for type_ in ("impression", "ignore"):
            await stage.happens(
                leo,
                type_,
                offer_id=shown.offer_id,
                decision_id=before.decision_id,
                placement="web.home.banner",
            )
    await _looks_at(stage, leo, [story.GRAVEL_BIKE, story.ROAD_BIKE, story.HELMET], since=9)
    stage.tell("He passes over all of it, and looks at two bikes and a helmet.")
    after = await stage.offered(leo, "web", limit=_PAGE)
    stage.show("home page", after)
    stage.claim("first something was for running", _about(_RUNNING, before) > 0)
    more_for_cycling = _about(_CYCLING, after) > _about(_CYCLING, before)
    stage.claim("then more of it is for cycling", more_for_cycling)


async def people_alike(stage: Stage) -> None:
    """Two strangers come, a runner and a baker: each is shown what people like them bought."""
    runner = only(await stage.meet("Rosa"), "visitor")
    baker = only(await stage.meet("Ben"), "visitor")
    await _looks_at(stage, runner, _RUNNERS_THINGS, since=6)
    await _looks_at(stage, baker, _BAKERS_THINGS, since=6)
    stage.tell("Rosa looks at three things for running, Ben at three for baking.")
    learned = [
        await _learned(stage, "Rosa", runner, story.RUNNING_SHOES),
        await _learned(stage, "Ben", baker, story.BUNDT_PAN),
    ]
    if not any(learned):
        raise StorySkipped("no model is served yet: `touchpoint train` makes one")
    stage.claim("both are shown what was learned from others", all(learned))
    stage.claim("and each something else", learned[0] != learned[1])


async def _learned(stage: Stage, name: str, person: Person, item_id: str) -> set[str]:
    """Tell what a trained model proposes beside an item, and return the offers."""
    answer = await stage.offered(person, "web item", looking_at=item_id)
    explained = await stage.explained(answer)
    found = [each for each in explained.candidates if each.source in _LEARNED]
    for source, words in _LEARNED.items():
        titles = [each.title for each in found if each.source == source]
        if titles:
            stage.tell(f"  {name}, {words}: {'; '.join(titles[:3])}")
    return {each.offer_id for each in found}


async def _looks_at(stage: Stage, person: Person, items: Iterable[str], *, since: int) -> None:
    """Look at one item after the other, a minute each, from so many minutes ago."""
    for step, item_id in enumerate(items):
        await stage.happens(person, "view", item_id=item_id, ago=(since - step) * _MINUTE)


def _about(beginnings: tuple[str, ...], answer: RecommendResponse) -> int:
    """Count what is shown of things whose ids begin so."""
    return sum(offer_id.startswith(beginnings) for offer_id in offer_ids(answer))

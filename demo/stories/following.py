"""Following a journey from outside: its stages, its letters, and the call centre's part in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

from demo.shop import story
from demo.stories.desk import Agent, signed_on
from demo.stories.stage import Person, Stage, StoryError, offer_ids, only, sources
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    RecommendResponse,
    SetRelationshipRequest,
)
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Arm, Source
from touchpoint.scenario.v1.scenario_pb2 import Task

ADVISER = "robin"
"""Somebody who looks after customers, as the shipped senders name them."""
_TIMEOUT_S = 20.0
_LONG_AGO = timedelta(days=200)
_SATURDAY = 5
_LONGEST_HOLIDAYS = 6
"""In working days, of which a call centre may be closed or busy in a row."""


async def reachable(stage: Stage, name: str, *, is_new: bool = False) -> Person:
    """Make up a customer who has an e-mail address and agreed to letters, and bought before."""
    while True:
        met = await stage.meet(name)
        # The address first: whoever is welcomed by their first login is written to.
        person = {"email": f"{met['customer']}@example.com", **met}
        customer = only(person, "customer")
        agreed = {"purpose": "marketing", "granted": True}
        await stage.happens(customer, "consent", attributes=agreed)
        if not is_new:
            order = f"o-{person['customer']}"
            await stage.happens(
                customer, "purchase", item_id=story.PC_BOOK, order_id=order, ago=_LONG_AGO
            )
        if await _signs_on(stage, person):
            return person


async def known(stage: Stage, name: str) -> Person:
    """Make up a customer who is known on every channel."""
    while True:
        person = await stage.meet(name)
        if await _signs_on(stage, person):
            return person


async def _signs_on(stage: Stage, person: Person) -> bool:
    """Let all identities become one person; say whether that one, too, is not held out."""
    for kind in person:
        if kind != "customer":
            await stage.happens(only(person, "customer", kind), "login")
    return (await stage.seen(only(person, "customer"))).arm == Arm.PERSONALISED


async def has_adviser(stage: Stage, person: Person) -> None:
    """Let somebody look after the person from now on."""
    customer = Identity(kind="customer", value=person["customer"])
    request = SetRelationshipRequest(identities=[customer], role="sales_person", owner_id=ADVISER)
    await stage.edge.SetRelationship(request, timeout=_TIMEOUT_S)


async def stage_of(stage: Stage, person: Person, scenario: str) -> str | None:
    """Return the stage of a scenario that the person is in; None: they are not on it."""
    view = await stage.seen(only(person, "customer"))
    return next((each.stage for each in view.journeys if each.scenario == scenario), None)


async def comes_to(stage: Stage, person: Person, scenario: str, wanted: str = "") -> None:
    """Wait for a stage, or for the journey to have begun."""

    async def there() -> bool:
        found = await stage_of(stage, person, scenario)
        return found == wanted if wanted else found is not None

    await stage.until(there, f"the stage {wanted} of {scenario}")


async def is_to_be_called(stage: Stage, person: Person, scenario: str) -> None:
    """Wait for the stage `call`: over days on which nobody works, or all have enough to do.

    A Monday to Friday on which it still does not go on is taken for a holiday of this shop.
    """
    await comes_to(stage, person, scenario, "call")

    async def goes_on() -> bool:
        return not await _obstacle(stage, person, scenario)

    for _ in range(_LONGEST_HOLIDAYS):
        obstacle = await _obstacle(stage, person, scenario)
        if not obstacle:
            return
        stage.tell(f"  call centre: {obstacle}")
        await stage.passes(until_noon_of_weekday(stage.now))
        with suppress(StoryError):
            await stage.until(goes_on, "the next working day")
            return
    raise StoryError(f"{obstacle}: for {_LONGEST_HOLIDAYS} working days")


def until_noon_of_weekday(now: datetime) -> timedelta:
    """Return how long it is until noon of the next Monday to Friday: by then people are at work."""
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while noon.weekday() >= _SATURDAY:
        noon += timedelta(days=1)
    return noon - now


async def _obstacle(stage: Stage, person: Person, scenario: str) -> str:
    """Return why a journey does not go on; empty: it does, or the person is not on it."""
    view = await stage.seen(only(person, "customer"))
    return next((each.obstacle for each in view.journeys if each.scenario == scenario), "")


async def day_of(stage: Stage, person: Person, scenario: str, wanted: str, most: int = 7) -> int:
    """Let days pass until a scenario that looks every day comes to a stage; return how many."""
    for day in range(1, most + 1):
        before = await _entered(stage, person, scenario)
        await stage.passes(timedelta(days=1, minutes=1))

        async def looked(before: int = before) -> bool:
            return await _entered(stage, person, scenario) > before

        await stage.until(looked, f"a look of {scenario}")
        if await stage_of(stage, person, scenario) == wanted:
            return day
    raise StoryError(f"the stage {wanted} of {scenario} did not come within {most} days")


async def _entered(stage: Stage, person: Person, scenario: str) -> int:
    """Return when the person came to their stage, in nanoseconds; 0: they are not on it."""
    view = await stage.seen(only(person, "customer"))
    times = [each.stage_entered_time for each in view.journeys if each.scenario == scenario]
    return times[0].ToNanoseconds() if times else 0


async def is_over(stage: Stage, person: Person, scenario: str) -> None:
    """Wait until the person is not on a scenario any more."""

    async def ended() -> bool:
        return await stage_of(stage, person, scenario) is None

    await stage.until(ended, f"the end of {scenario}")


async def letters(stage: Stage, person: Person, count: int) -> list[Mapping[str, Any]]:
    """Wait for so many messages to the person in all; tell of the last, and return them.

    Of a suite somewhere else only their number is known.
    """
    found: list[Mapping[str, Any]] = []

    async def came() -> bool:
        view = await stage.seen(only(person, "customer"))
        sent = sum(each.type == "contact_sent" for each in view.recent)
        found[:] = await _outbox(stage, person)
        return sent >= count and (stage.house.outbox is None or len(found) >= count)

    await stage.until(came, f"message number {count}")
    if found:
        last = found[-1]
        sender = last.get("from_name", "the house")
        stage.tell(f"  {last['channel'].lower()} from {sender}: {last.get('subject', '')}")
        for line in str(last.get("text", "")).splitlines():
            if line.strip() and "http" not in line:
                stage.tell(f"    {line.strip()}")
    return found


async def _outbox(stage: Stage, person: Person) -> list[Mapping[str, Any]]:
    """Return what the development outbox holds for the person, the oldest first."""
    folder = stage.house.outbox
    if folder is None:
        return []

    def read() -> list[Mapping[str, Any]]:
        mails = [json.loads(place.read_text("utf-8")) for place in folder.glob("*.json")]
        mine = [mail for mail in mails if mail.get("to") in person.values()]
        return sorted(mine, key=lambda mail: str(mail.get("time", "")))

    return await asyncio.to_thread(read)


@asynccontextmanager
async def at_the_desk(stage: Stage, *skills: str) -> AsyncIterator[Agent]:
    """Sign an agent on, who has the call centre for themselves meanwhile."""
    async with stage.desk, signed_on(stage.edge, *skills) as agent:
        yield agent


async def call(stage: Stage, agent: Agent, person: Person, outcome: str) -> Task:
    """Let an agent take the task about the person, and end it so."""
    view = await stage.seen(only(person, "customer"))
    task = await agent.claim(view.who.person_ids)
    if task is None:
        raise StoryError("nobody is asked to call")
    stage.tell(f"  call centre, why: {task.reason}")
    stage.tell(f"  what to say: {task.script}")
    await agent.complete(task, outcome)
    stage.tell(f"  what came of it: {outcome.replace('_', ' ')}")
    return task


def proposed(offer_id: str, answer: RecommendResponse) -> bool:
    """Say whether a journey brought an offer up."""
    return offer_id in offer_ids(answer) and sources(answer).get(offer_id) == Source.JOURNEY


def of_journeys(answer: RecommendResponse) -> list[str]:
    """Return the offers that journeys brought up, best first."""
    found = sources(answer)
    return [
        shown.offer_id
        for placement in answer.placements
        for shown in placement.recommendations
        if found.get(shown.offer_id) == Source.JOURNEY
    ]

"""(o) A conversation written as YAML: events lead it on, time does, and it sets what it learned."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.journeys.channels import TIMEOUT_S, only, until
from touchpoint.rules.v1 import rules_service_pb2 as rules_pb
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

pytestmark = pytest.mark.modes("replicated")

SCENARIO = "asked_about"
TALK = f"""\
scenarios:
  - scenario: {SCENARIO}
    starts_on: [article_view]
    where: event.channel == "WEB"
    goals: [purchase]
    stages:
      - stage: greet
        set: {{reads: "articles"}}
        note: Reads articles.
      - stage: listen
        lasts: 2h
        on:
          - {{on: [question_asked], where: journey.stages == 2, to: answer}}
        next:
          - {{condition: customer.cart_lines == 0 && journey.days < 1.0, to: leave_alone}}
      - stage: answer
        set: {{asks: "questions"}}
        until: {{at: "00:00", after: 1d}}
        next: [{{to: end, as: answered}}]
      - stage: leave_alone
        lasts: 1d
"""


@asynccontextmanager
async def talking(channels):
    """Have the scenario in force beside all others."""
    rules = channels.stubs["rules"]
    found = await rules.GetBundle(rules_pb.GetBundleRequest(), timeout=TIMEOUT_S)
    files = [*found.bundle.files, DefinitionFile(path="talk.yaml", text=TALK)]
    request = rules_pb.ApplyDefinitionsRequest(files=files, message="Talk")
    answer = await rules.ApplyDefinitions(request, timeout=TIMEOUT_S)
    assert not [problem for problem in answer.problems if not problem.warning]
    try:
        yield
    finally:
        await rules.RollbackDefinitions(rules_pb.RollbackDefinitionsRequest(), timeout=TIMEOUT_S)


async def stage(channels, person):
    view = await channels.view(person)
    return next((each.stage for each in view.journeys if each.scenario == SCENARIO), None)


async def in_stage(channels, person, wanted):
    async def entered():
        return await stage(channels, person) == wanted

    await until(entered)


async def is_set(channels, person, name, value):
    async def known():
        view = await channels.view(person)
        return value in [each.value for each in view.attributes if each.name == name]

    await until(known)


async def met(channels, whoever):
    """Let somebody read until the scenario has taken notice."""
    person = only(whoever, "visitor")

    async def listening():
        # Each replica takes definitions up on its own.
        await channels.track(person, "article_view")
        return await stage(channels, person) == "listen"

    await until(listening)
    return person


async def test_events_and_time_lead_people_on_and_what_is_learned_of_them_is_kept(
    channels, somebody
):
    async with talking(channels):
        asks, reads = [await met(channels, somebody(name)) for name in ("asks", "reads")]
        await is_set(channels, reads, "reads", "articles")
        await channels.track(asks, "question_asked")
        await in_stage(channels, asks, "answer")
        await is_set(channels, asks, "asks", "questions")
        await channels.move_clock(timedelta(hours=2, minutes=1))
        await in_stage(channels, reads, "leave_alone")
        assert await stage(channels, asks) == "answer"
        await channels.move_clock(timedelta(days=2))
        await in_stage(channels, asks, None)
        await in_stage(channels, reads, None)

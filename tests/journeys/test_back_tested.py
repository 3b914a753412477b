"""(m) What people did live, and what came of it, is what a back-test makes of the same events."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest
from google.protobuf.json_format import ParseDict
from typer.testing import CliRunner

from cli.main import app
from tests.journeys.channels import TIMEOUT_S, Channel, only, until
from tests.journeys.definitions import GARDENING, SOLD_OUT, by_call, for_everybody
from tests.journeys.test_shipped import stage
from tests.journeys.test_written_to import mails_to
from touchpoint.aggregator.v1 import aggregator_service_pb2 as edge_pb
from touchpoint.rules.v1.rules_service_pb2 import GetBundleRequest
from touchpoint.scenario.v1.backtest_pb2 import Backtest
from touchpoint.scenario.v1.queue_pb2 import GetQueueReportRequest
from touchpoint.scenario.v1.reports_pb2 import GetScenarioReportRequest
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus
from touchpoint.scenario.v1.scenario_service_pb2 import GetDueRequest

pytestmark = pytest.mark.modes("colocated")
"""How the services are spread over processes is nothing to journeys."""
SCENARIOS = (
    *("abandoned_cart", "cart_survey", "complaint", "weekly_picks", "welcome"),
    "word_of_it",
)
"""Without sources, and without letters that may have nothing to say within these days."""
DEAR = "tv-1"
MOMENT, HALF_AN_HOUR, DAY = timedelta(minutes=1), timedelta(minutes=30), timedelta(days=1)
CARTS = "leaves", "buys", "empties", "declines", "refuses"
NEW = "arrives", "arrives_unasked"
REFUSING = "refuses", "arrives_unasked", "complains"
"""Who did not agree to be written to."""
CALLED = "called", "called_in_vain"
"""Whom nothing tells of where they answer; when the second is to be called, nobody is there."""
SHIFTS = f"- {{agents: 1, skills: [{GARDENING}, chat], hours: 9-17, days: [MON]}}"
_MOST_TASKS = 100
"""That an agent takes at a time: more than all others of the suite together."""
HISTORY = "6d"
"""From before the first of these people came, and after all others did what they did."""


async def at_noon_of_a_monday(channels):
    """Move the clock to where what others do is a week past, and no midnight and no Sunday near."""
    now = channels.now()
    noon = now.replace(hour=12, minute=0, second=0, microsecond=0)
    await channels.move_clock(noon - now + (14 - now.weekday()) * DAY)


async def customer(channels, somebody, name, *, agrees):
    kinds, channel = ["customer", "email"], Channel.WEB
    if name in CALLED:
        kinds, channel = [*kinds, "phone"], Channel.CALL_CENTER
    person = only(somebody(name), *kinds)
    if agrees:
        said = {"purpose": "marketing", "granted": True}
        await channels.track(person, "consent", attributes=said, channel=channel)
    return person


async def gardener(channels, status):
    """Let the one agent who can talk of gardens come or go, and wait until it is known."""
    request = edge_pb.SetAgentStatusRequest(
        agent_id="gardener", status=status, skills=[GARDENING, "chat"], capacity=_MOST_TASKS
    )
    await channels.edge.SetAgentStatus(request, timeout=TIMEOUT_S)

    active = await channels.stubs["rules"].GetBundle(GetBundleRequest(), timeout=TIMEOUT_S)
    asked = GetDueRequest()
    asked.context.bundle_hash = active.bundle.bundle_hash

    async def is_known():
        answer = await channels.stubs["scenario"].GetDue(asked, timeout=TIMEOUT_S)
        return (answer.free_chat_agents >= _MOST_TASKS) == (status == AgentStatus.AVAILABLE)

    await until(is_known)


async def back_tested(channels, folder):
    """Return what the command makes of what was recorded, with the agent there who was there."""
    home, shifts = str(channels.suite.home), folder.parent / "shifts.yaml"
    shifts.write_text(SHIFTS, "utf-8")
    asked = ["simulate", str(folder), "--scenarios", "--history", HISTORY, "--jobs", "1"]
    asked += ["--shifts", str(shifts)]
    answer = await asyncio.to_thread(
        CliRunner().invoke, app, [*asked, "--json", "--home", home], catch_exceptions=False
    )
    assert answer.exit_code == 0, answer.output
    return ParseDict(json.loads(answer.stdout), Backtest())


def told(report):
    """Return all that is counted of a scenario, but how long each stage took to the second.

    And but who stands in it: other tests on this suite left people on journeys weeks ago.
    """
    ends = sorted((e.outcome, e.ended_as, e.answer, e.entered, e.journeys) for e in report.ends)
    stages = {
        each.stage: (
            (each.entered, each.journeys, each.reached, each.left),
            sorted((way.to, way.passes, way.journeys) for way in each.ways if way.journeys),
            sorted((task.outcome, task.tasks) for task in each.tasks),
            sorted((one.kind, one.state, one.reason, one.errands) for one in each.errands),
        )
        for each in report.stages
    }
    return (report.began, report.entered), ends, stages


def letters_of(played):
    """Return how many letters the scenarios would have sent, by day."""
    sent = Counter()
    for each in played.scenarios:
        if each.report.scenario in SCENARIOS:
            for day in each.days:
                sent[day.day] += sum(one.sent for one in day.messages)
    return dict(+sent)


class Live:
    """Twelve people, and the letters that were written to them, by day."""

    def __init__(self, channels, people):
        self.channels, self.people = channels, people
        self.letters = {}

    async def written(self, number):
        """Wait until so many letters more have left the house, and note on which day."""
        before = sum(self.letters.values())

        async def are_sent():
            theirs = [mails_to(self.channels, who) for who in self.people.values()]
            return sum(map(len, theirs)) == before + number

        await until(are_sent)
        today = self.channels.now().date().isoformat()
        self.letters[today] = self.letters.get(today, 0) + number

    async def come_to(self, scenario, **wanted):
        """Wait until each is in the stage of a scenario; None: they are on no journey of it."""
        channels, people = self.channels, self.people

        async def are_there():
            found = [await stage(channels, people[name], scenario) for name in wanted]
            return found == list(wanted.values())

        await until(are_there)

    async def tracks(self, name, type_, **more):
        await self.channels.track(self.people[name], type_, **more)

    async def begin(self):
        for name in CARTS:
            await self.tracks(name, "add_to_cart", item_id=DEAR, session_id=name)
        for name in NEW:
            await self.tracks(name, "login")
        likes = {"category": "Media > DVDs", "sentiment": "like"}
        for name in ("likes", "likes_too"):
            await self.tracks(name, "preference", attributes=likes)
        await self.tracks("complains", "complaint")
        await gardener(self.channels, AgentStatus.AVAILABLE)
        await self.tracks("called", SOLD_OUT, channel=Channel.CALL_CENTER)
        await self.come_to("word_of_it", called="tell")
        await gardener(self.channels, AgentStatus.AWAY)
        await self.come_to("abandoned_cart", **dict.fromkeys(CARTS, ""))
        await self.come_to("welcome", **dict.fromkeys(NEW, "look_around"))
        await self.come_to("weekly_picks", likes="a_week", likes_too="a_week")
        await self.come_to("complaint", complains="see_to_it")
        await self.written(1)

    async def answer(self):
        await self.channels.move_clock(HALF_AN_HOUR + MOMENT)
        await self.come_to("abandoned_cart", **dict.fromkeys(CARTS, "on_the_site"))
        await self.tracks("declines", "decline", offer_id="come_back")
        await self.tracks("buys", "purchase", item_id="dvd-1", value=13)
        await self.tracks("empties", "remove_from_cart", item_id=DEAR)
        await self.come_to("abandoned_cart", declines=None, buys=None)

    async def wait(self):
        await self.channels.move_clock(2 * DAY + MOMENT)
        await self.come_to("abandoned_cart", leaves="letter", empties=None, refuses="call")
        await self.come_to("complaint", complains="wait")
        await self.tracks("complains", "complaint", attributes={"status": "resolved"})
        await self.come_to("complaint", complains=None)
        await self.written(2)
        await self.come_to("word_of_it", called=None)
        await self.tracks("called_in_vain", SOLD_OUT, channel=Channel.CALL_CENTER)
        await self.written(1)
        await self.channels.move_clock(DAY + MOMENT)
        await self.come_to("welcome", **dict.fromkeys(NEW, "first_order"))
        await self.channels.move_clock(DAY + MOMENT)
        await self.come_to("abandoned_cart", leaves="call")


async def test_a_back_test_of_what_twelve_people_did_tells_what_came_of_it_live(
    channels, somebody, tmp_path
):
    folder = tmp_path / "shop"
    for_everybody(folder)
    by_call(folder)
    await at_noon_of_a_monday(channels)
    request = GetScenarioReportRequest()
    request.since_time.FromDatetime(channels.now() - HALF_AN_HOUR)
    names = (*CARTS, *NEW, *CALLED, "likes", "likes_too", "complains")
    people = {
        name: await customer(channels, somebody, name, agrees=name not in REFUSING)
        for name in names
    }
    live = Live(channels, people)
    await live.begin()
    await live.answer()
    await live.wait()

    played = await back_tested(channels, folder)
    foretold = {each.report.scenario: told(each.report) for each in played.scenarios}
    foretold = {name: foretold[name] for name in SCENARIOS}
    compared = []

    async def is_as_it_was_foretold():
        answer = await channels.stubs["scenario"].GetScenarioReport(request, timeout=TIMEOUT_S)
        found = {each.scenario: told(each) for each in answer.scenarios}
        compared.append({name: found[name] for name in SCENARIOS})
        return compared[-1] == foretold

    with suppress(TimeoutError):  # then what differs is shown
        await until(is_as_it_was_foretold, 20.0)
    assert compared[-1] == foretold
    assert letters_of(played) == live.letters
    (tell,) = foretold["word_of_it"][2].values()
    assert tell[2:] == ([("expired", 1)], [("message", "sent", "", 1)])
    queue = await channels.stubs["scenario"].GetQueueReport(
        GetQueueReportRequest(), timeout=TIMEOUT_S
    )
    assert played.calls_per_day == queue.calls_per_day

"""Back-tests in which agents are there: who is called in place of a message, and when nobody is."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from cli.backtest.playing import Span
from cli.backtest.running import run
from cli.backtest.shifts import read_shifts
from cli.showing.backtest import show_backtest
from services.profile.domain.event import Event
from services.scenario.backtest.agents import PlayedAgents, Shift, Working
from services.scenario.backtest.clock import PlayedClock
from services.scenario.domain.capacity import Assumed
from tests.unit.cli.test_backtest import (
    ADA,
    BOB,
    DAY_US,
    HOUR_US,
    NOON_US,
    catalogue,
    definitions,
    event,
    world,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel

__all__ = ["catalogue"]
DEFINITIONS = """
placements:
  - placement: web.home.banner
    channel: WEB
    limit: 1
    kinds: [PROMOTION, CONTENT]
    default_offers: [usual]
offers:
  - {offer_id: usual, kind: CONTENT, title: As usual, is_default: true}
parameters:
  calls.per_agent_hour: 0.25
  calls.hours_per_day: 8
  holidays: 2026-03-04
contact_limits:
  - {policy: marketing, limit: 1 per 7d, channels: [EMAIL]}
templates:
  - template: hello
    channels: [EMAIL]
    subject: Hello
    text: "{{ person.first_name | default: 'You' }} {{ unsubscribe.link }}"
scenarios:
  - scenario: word_of_it
    starts_on: [out_of_stock]
    limits: {messages: 1}
    stages:
      - stage: tell
        send: {channels: [EMAIL, CALL_CENTER], template: hello}
        task: {kind: call, reason: Sold out., script: May I help?, skills: [sales]}
        lasts: 2d
"""
SHIFT = Shift(1, 9 * 60, 17 * 60, ("sales",))
FINDS_OUT = "out_of_stock"
PHONE, MAIL = int(Channel.CALL_CENTER), int(Channel.EMAIL)


def known(who, channel=PHONE, **more):
    """Return the past of somebody who agreed to everything, and does all they do on a channel."""
    agreed = {"purpose": "marketing", "granted": "true", **more}
    seen = [event("view", n - DAY_US)._replace(channel=channel) for n in range(8)]
    said = Event(NOON_US - 2 * DAY_US, "consent", channel, details=agreed)
    return [(who, each) for each in (said, *seen)]


def played(catalogue, *happened, shifts=(SHIFT,), text=DEFINITIONS, jobs=1):
    """Return how many tasks and messages there were, how many were over the limit, and all."""
    past = replace(world(catalogue, *happened), shifts=tuple(shifts))
    span = Span(NOON_US - DAY_US // 2, NOON_US + 9 * DAY_US)
    found = run(past, definitions(catalogue, text), span, lambda done, total: None, jobs)
    (told,) = found.report.scenarios
    (stage,) = told.report.stages
    tasks = sum(each.tasks for each in stage.tasks)
    sent = sum(each.errands for each in stage.errands if each.state == "sent")
    return (tasks, sent, told.messages_over_limit), found


def came_to(*asked, **more):
    return played(*asked, **more)[0][:2]


def finds_out(who, at_us=0):
    return who, event(FINDS_OUT, at_us)


def test_who_most_likely_answers_a_call_is_called_where_somebody_is_there(catalogue):
    happened = *known(ADA), finds_out(ADA)
    assert came_to(catalogue, *happened) == (1, 0)
    assert came_to(catalogue, *happened, shifts=()) == (0, 1)
    assert came_to(catalogue, *known(BOB, MAIL), finds_out(BOB)) == (0, 1)


@pytest.mark.parametrize(
    ("hours_later", "is_called"),
    [(-3, True), (-4, True), (4, True), (5, False), (24, True), (48, False), (72, True)],
)
def test_nobody_calls_outside_of_hours_or_on_a_holiday(catalogue, hours_later, is_called):
    """From the noon of a Monday on, an hour of hers: four hours before, the call waits for it.

    That Wednesday is a holiday.
    """
    happened = *known(ADA), finds_out(ADA, hours_later * HOUR_US)
    assert came_to(catalogue, *happened) == ((1, 0) if is_called else (0, 1))


def test_hours_are_those_of_the_deployment_and_days_may_be_named(catalogue):
    happened = *known(ADA), finds_out(ADA, 48 * HOUR_US)
    in_tokyo = DEFINITIONS.replace("parameters:", "parameters:\n  time_zone: Asia/Tokyo")
    on_wednesdays = replace(SHIFT, days=frozenset({2}))
    assert came_to(catalogue, *happened, text=in_tokyo, shifts=[on_wednesdays]) == (0, 1)
    late = replace(on_wednesdays, from_minute=20 * 60, to_minute=22 * 60)
    # Nobody works on a holiday, whoever is there: journeys make no calls then.
    assert came_to(catalogue, *happened, text=in_tokyo, shifts=[late]) == (0, 1)
    works = in_tokyo.replace("holidays: 2026-03-04", "holidays: 2026-12-24")
    assert came_to(catalogue, *happened, text=works, shifts=[late]) == (1, 0)


@pytest.mark.parametrize("consent", [{"channel": "EMAIL"}, {"granted": "false"}])
def test_whoever_may_not_be_called_is_not_called(catalogue, consent):
    tasks, _ = came_to(catalogue, *known(ADA, **consent), finds_out(ADA))
    assert not tasks


def test_a_channel_that_the_contact_limit_closes_does_not_come_before_the_call(catalogue):
    written = event("contact_sent", -HOUR_US)._replace(channel=MAIL)
    happened = *known(ADA, MAIL), finds_out(ADA)
    assert came_to(catalogue, *happened) == (0, 1)
    assert came_to(catalogue, *happened, (ADA, written)) == (1, 0)


def test_calls_of_a_day_are_as_many_as_these_agents_can_make(catalogue):
    people = [f"person-{n}" for n in range(5)]
    happened = [each for who in people for each in (*known(who), finds_out(who))]
    for agents, calls in ((1, 2), (2, 4)):
        shifts = [replace(SHIFT, agents=agents)]
        for jobs in (1, 2):
            came, found = played(catalogue, *happened, shifts=shifts, jobs=jobs)
            assert came == (calls, 5 - calls, 0)
            assert found.report.calls_per_day == calls


def test_whoever_is_called_has_no_message_less(catalogue):
    assert played(catalogue, *known(ADA), finds_out(ADA))[0] == (1, 0, 0)


def test_agents_can_do_what_is_asked_for_where_nobody_says_what(catalogue):
    happened = *known(ADA), finds_out(ADA)
    came, found = played(catalogue, *happened, shifts=[replace(SHIFT, skills=())])
    assert came[:2] == (1, 0)
    (shift,) = found.report.shifts
    assert list(shift.skills) == ["sales"]


def test_what_is_told_beside_the_numbers_says_who_was_there(catalogue):
    happened = *known(ADA), finds_out(ADA)

    def told(*shifts):
        report = played(catalogue, *happened, shifts=shifts)[1].report
        out = io.StringIO()
        show_backtest(Console(file=out, width=200), report)
        return out.getvalue()

    assert "Nobody is there to call: where a stage may call" in told()
    staffed = told(SHIFT)
    assert "Nobody is there" not in staffed
    assert "1 agent with sales, 09:00-17:00 on working days" in staffed
    assert "Agents can make 2 calls a day" in staffed
    other = told(replace(SHIFT, skills=("help",), days=frozenset({5, 0})))
    assert "has the skills to call instead of writing in word_of_it.tell" in other
    assert "1 agent with help, 09:00-17:00 on Mon, Sat" in other


@given(st.integers(0, 1439), st.integers(1, 1440), st.integers(0, 14 * 1440))
def test_somebody_is_there_from_the_first_minute_to_before_the_last(begins, ends, minute):
    clock = PlayedClock(NOON_US - 12 * HOUR_US + minute * 60_000_000)
    days = frozenset({0, 5})
    agents = PlayedAgents(
        [replace(SHIFT, from_minute=begins, to_minute=ends, days=days)],
        clock=clock,
        working=Working(),
    )
    is_on = begins <= minute % 1440 < ends and minute // 1440 % 7 in days
    assert agents.are_there(["sales"]) == is_on
    assert not agents.are_there(["sales", "help"])
    assert agents.calls_per_day(Assumed()) == 36


def test_a_file_of_shifts_says_who_is_there_when():
    text = """
- {agents: 3, skills: [sales, help], hours: 9-17}
- {agents: 1, skills: sales, hours: "8:30-12", days: [SAT, SUN]}
- {agents: 2}
"""
    shifts, problems = read_shifts(text, "shifts.yaml")
    assert not problems
    assert shifts == [
        Shift(3, 540, 1020, ("sales", "help")),
        Shift(1, 510, 720, ("sales",), frozenset({5, 6})),
        Shift(2, 540, 1020),
    ]


def test_mistakes_of_a_file_of_shifts_are_told_at_once_with_their_places():
    text = """\
- {agents: none, hours: 17-9}
- {agent: 1}
- nobody
- {agents: 1, agents: 2, days: [MONDAY]}
"""
    shifts, problems = read_shifts(text, "shifts.yaml")
    assert not shifts
    assert [(each.line, each.column, each.message) for each in problems] == [
        (1, 12, "agents must be a whole number from 1 to 10000"),
        (1, 25, "'17-9' ends before it begins: hours are those of one day"),
        (2, 4, "agent is not known: do you mean agents?"),
        (2, 3, "agents must be a whole number from 1 to 10000"),
        (3, 3, "is no shift: write {agents: 3, skills: [sales], hours: 9-17}"),
        (4, 15, "agents is there twice"),
        (4, 32, "'MONDAY' is no day: there are MON, TUE, WED, THU, FRI, SAT, SUN"),
    ]
    for nothing in ("", "agents: 3", "[]", "- {"):
        assert read_shifts(nothing, "shifts.yaml")[1]

"""What the queue says: who could be taken in time, and how many calls can be made in a day."""

import re

import pytest

from services.rules.definitions import check_definitions
from services.scenario.desk.terms import desk_terms
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.capacity import Assumed, calls_per_day
from services.scenario.domain.moments import WorkingHours
from services.scenario.domain.queue import (
    FEWEST_TRIED,
    HOUR_US,
    LATELY_US,
    Line,
    Queue,
    Seat,
    Terms,
    Tried,
    kept_promises,
    takers,
)
from services.scenario.domain.task_kinds import ASKED_FOR
from shared.working_times import PARAMETERS, promised_minutes
from tests.unit.scenario.playing import MINUTE_US, NOON_US
from tests.unit.scenario.writing import scenario, stage
from touchpoint.rules.v1.rules_pb2 import DefinitionFile

SOON = Terms("call_back", 2 * MINUTE_US)


def seat(name="eve", held=0, *, capacity=1, skills=(), presence=Presence.AVAILABLE, ago_us=0):
    return Seat(Agent(name, presence, tuple(skills), capacity), held, NOON_US - ago_us)


def asked(waiting, *skills):
    return Line("call_back", skills, waiting=waiting)


def tried(number, took_us=MINUTE_US):
    return [Tried("call", "eve", "done", 0, NOON_US - took_us, NOON_US) for _ in range(number)]


def test_whoever_is_free_and_not_waited_for_takes_one_at_once():
    assert takers(Queue(NOON_US, [seat(), seat("max", capacity=3, held=1)]), SOON) == 3
    assert takers(Queue(NOON_US, [seat(), seat("max")], [asked(1)]), SOON) == 1


@pytest.mark.parametrize("presence", [Presence.BUSY, Presence.AWAY])
def test_who_is_busy_or_away_takes_none(presence):
    assert takers(Queue(NOON_US, [seat(presence=presence)]), SOON) == 0
    assert takers(Queue(NOON_US), SOON) == 0


def test_who_said_that_they_are_available_and_went_takes_none():
    gone = Seat(Agent("eve", Presence.AVAILABLE), 0, NOON_US, is_here=False)
    assert takers(Queue(NOON_US, [gone]), SOON) == 0
    assert gone.presence is Presence.AWAY


def test_only_who_has_the_skills_takes_one():
    terms = Terms("chat", 2 * MINUTE_US, frozenset({"chat"}))
    assert takers(Queue(NOON_US, [seat(skills=["sales"])]), terms) == 0
    assert takers(Queue(NOON_US, [seat(skills=["sales", "chat"])]), terms) == 1


def test_calls_that_we_want_to_make_do_not_stand_before_one_that_was_asked_for():
    lines = [Line("call", (), waiting=50), asked(0)]
    assert takers(Queue(NOON_US, [seat()], lines), SOON) == 1


def test_who_chats_waits_for_those_who_are_called_and_not_the_other_way_round():
    lines = [asked(1), Line("chat", (), waiting=2), Line("call", (), waiting=9)]
    queue = Queue(NOON_US, [seat(capacity=5)], lines)
    assert takers(queue, SOON) == 4
    assert takers(queue, Terms("chat", MINUTE_US)) == 2


def test_what_none_of_them_can_do_stands_before_nobody():
    queue = Queue(
        NOON_US, [seat(skills=["chat"]), seat("max", skills=["sales"])], [asked(1, "sales")]
    )
    assert takers(queue, Terms("chat", MINUTE_US, frozenset({"chat"}))) == 1


def test_it_is_promised_by_who_has_the_skills_of_whichever_task_may_come_of_it():
    given = scenario(
        stage("shoes", task={"kind": "chat", "skills": ["chat", "shoes"]}, lasts=HOUR_US),
        stage("bikes", task={"kind": "chat", "skills": ["chat"]}, lasts=HOUR_US),
        stage("call", task={"kind": "call_back", "skills": ["sales"]}, lasts=HOUR_US),
    )
    terms = desk_terms({"chat.skills": "help"}).giving([given]).promised["chat"]
    helps, sells = ["chat", "help"], ["chat", "help", "shoes"]
    assert takers(Queue(NOON_US, [seat(skills=helps)]), terms) == 0
    seats = [seat(skills=sells), seat("max", skills=helps), seat("ada", skills=["chat", "shoes"])]
    assert takers(Queue(NOON_US, seats), terms) == 1


@pytest.mark.parametrize(
    ("took_us", "waiting", "found"),
    [
        (MINUTE_US, 0, 1),  # one is at work, and done within a minute
        (MINUTE_US, 1, 1),  # a second one after another minute
        (MINUTE_US, 2, 0),
        (3 * MINUTE_US, 0, 0),
    ],
)
def test_who_is_at_work_takes_one_after_the_time_that_was_measured(took_us, waiting, found):
    queue = Queue(NOON_US, [seat(held=1)], [asked(waiting)], tried(FEWEST_TRIED, took_us))
    assert takers(queue, SOON) == found


def test_until_enough_was_measured_a_task_takes_five_minutes():
    queue = Queue(NOON_US, [seat(held=1)], tried=tried(FEWEST_TRIED - 1, took_us=1))
    assert takers(queue, SOON) == 0
    assert takers(queue, Terms("call_back", 5 * MINUTE_US)) == 1


def test_promises_are_kept_by_whoever_takes_a_call_that_was_asked_for_in_time():
    done = [
        Tried("call_back", "eve", "sold", NOON_US, NOON_US + each * MINUTE_US, NOON_US + HOUR_US)
        for each in (0, 2, 3)
    ]
    assert kept_promises([*done, *tried(5)], SOON) == (2, 3)


def test_without_knowing_anything_a_few_agents_are_assumed():
    assert calls_per_day(Queue(NOON_US), Assumed(agents=2, per_hour=10, hours=4)) == 80
    assert calls_per_day(Queue(NOON_US), Assumed(0, 0, 0)) == 1


def test_agents_count_who_were_there_within_a_week():
    seats = [seat(), seat("max", ago_us=LATELY_US), seat("old", ago_us=LATELY_US + 1)]
    assert calls_per_day(Queue(NOON_US, seats), Assumed(agents=9, per_hour=10, hours=4)) == 80


def test_what_one_does_in_an_hour_is_measured_where_there_was_enough():
    hour_by_hour = [
        Tried("call", "eve", "done", 0, 0, NOON_US + each % 4 * HOUR_US) for each in range(48)
    ]
    queue = Queue(NOON_US, [seat()], tried=hour_by_hour)
    assert calls_per_day(queue, Assumed(hours=5, per_hour=1)) == 60


def test_parameters_say_what_is_promised():
    terms = desk_terms({"call_back.promised_minutes": "1.5", "chat.skills": "chat, help"})
    assert terms.promised["call_back"] == Terms("call_back", 90_000_000)
    assert terms.promised["chat"] == Terms("chat", MINUTE_US, frozenset({"chat", "help"}))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("calls.agents", "x", "'x' is no number from 0 to 1000000"),
        ("calls.per_agent_hour", "unlimited", "'unlimited' is no number"),
        ("calls.hours_per_day", "-1", "'-1' is no number"),
        ("call_back.promised_minutes", "2m", "'2m' is no number"),
        ("chat.promised_minutes", "nan", "'nan' is no number"),
        ("calls.working_days", "MON, Freitag", "'Freitag' is no day: there are MON, TUE"),
        ("calls.working_hours", "09:00", "are no hours: write 9-17"),
        ("calls.working_hours", "18:00-09:00", "ends before it begins"),
        ("calls.working_hours", "09:00-24:30", "a day has 24"),
        ("calls.working_hours", "09:00-09:00", "ends before it begins"),
    ],
)
def test_a_parameter_that_says_nothing_is_told_before_it_is_in_force_and_in_the_same_words(
    name, text, told
):
    with pytest.raises(ValueError, match=f"the parameter {re.escape(name)}: .*{told}"):
        desk_terms({name: text})
    file = DefinitionFile(path="calls.yaml", text=f"parameters:\n  {name}: {text}\n")
    (problem,) = [each for each in check_definitions([file]).problems if each.path]
    assert (problem.line, problem.column) == (2, len(name) + 5)
    assert problem.message.startswith(f"{name}: ")
    assert told in problem.message


def test_what_each_kind_of_task_promises_is_checked():
    assert {promised_minutes(kind.name) for kind in ASKED_FOR} <= PARAMETERS.keys()


def test_agents_work_in_the_hours_that_a_bundle_names():
    assert desk_terms({"calls.working_hours": "08:30 - 24:00"}).hours == WorkingHours(510, 1440)
    assert desk_terms({"calls.working_hours": "9-17"}).hours == WorkingHours(540, 1020)
    assert desk_terms({"calls.working_days": "mon, SAT"}).weekdays == {0, 5}
    assert desk_terms({"calls.working_days": "TUE-SAT"}).weekdays == {1, 2, 3, 4, 5}
    assert desk_terms({}).hours == WorkingHours(540, 1080)
    assert desk_terms({}).weekdays == {0, 1, 2, 3, 4}

"""Back-tests of scenarios that take up whoever is quiet already."""

from __future__ import annotations

import pytest

from cli.backtest.playing import Span
from cli.backtest.running import run
from tests.unit.cli.test_backtest import (
    ADA,
    BOB,
    DAY_US,
    EVE,
    NOON_US,
    SCENARIOS,
    backtest,
    catalogue,
    definitions,
    event,
    world,
)

__all__ = ["catalogue"]
LAPSED = (
    SCENARIOS.partition("scenarios:")[0]
    + """scenarios:
  - scenario: lapsed
    starts_on: [purchase]
    quiet_for: 45d
    quiet_of: [purchase]
    quiet_already: {within: 100d, over: 5d}
    goals: [purchase]
    stages:
      - stage: on_the_site
        propose: {offer: come_back}
        lasts: 2d
"""
)
PEOPLE = [f"person-{number}" for number in range(40)]


def bought(days, person_id=ADA):
    return person_id, event("purchase", -days * DAY_US)


def ends(told):
    return {(end.outcome, end.journeys) for end in told.report.ends}


@pytest.mark.parametrize(
    ("days", "entered"), [(10, 0), (40, 1), (60, 1), (145, 1), (146, 0)], ids=str
)
def test_who_is_quiet_already_when_the_span_begins_enters_within_it(catalogue, days, entered):
    found, _ = backtest(catalogue, bought(days), until_us=10 * DAY_US, text=LAPSED)
    assert found["lapsed"].report.entered == entered


def test_what_they_do_within_the_span_counts_as_it_does_for_all(catalogue):
    again = (BOB, event("purchase", 1))
    found, _ = backtest(catalogue, bought(60), bought(60, BOB), again, text=LAPSED)
    assert ("reached", 1) in ends(found["lapsed"])
    assert found["lapsed"].report.entered == 1


def test_those_who_bought_again_before_the_span_wait_anew(catalogue):
    found, _ = backtest(catalogue, bought(100), bought(5), text=LAPSED)
    assert (found["lapsed"].report.entered, found["lapsed"].report.waiting) == (0, 1)


def test_persons_who_are_one_are_judged_as_one(catalogue):
    found, _ = backtest(catalogue, bought(100), bought(5, BOB), sets=[(ADA, BOB)], text=LAPSED)
    assert found["lapsed"].report.entered == 0


def test_who_waits_for_room_met_it_once_and_enters_on_a_later_day(catalogue):
    text = LAPSED.replace("over: 5d}", "over: 0s}") + "    limits: {per_day: 1}\n"
    people = (bought(60 + number, PEOPLE[number]) for number in range(5))
    found, _ = backtest(catalogue, *people, until_us=5 * DAY_US // 2, text=text)
    told = found["lapsed"]
    assert (told.how_often.entries, told.how_often.people) == (5, 5)
    assert [(group.group, group.people) for group in told.groups] == [("entered", 3), ("full", 2)]
    assert [day.entries for day in told.days] == [1, 1, 1]


def test_in_several_processes_it_comes_to_the_same(catalogue):
    made = definitions(catalogue, LAPSED)
    people = world(
        catalogue,
        *(bought(60 + number, person_id) for number, person_id in enumerate(PEOPLE)),
        (EVE, event("purchase", 0)),
    )
    span = Span(NOON_US, NOON_US + 10 * DAY_US)
    one, two = (run(people, made, span, lambda *far: None, jobs).report for jobs in (1, 2))
    assert one == two
    (told,) = one.scenarios
    assert (told.report.taken_up.began, told.report.entered) == (len(PEOPLE), len(PEOPLE))


def test_in_several_processes_those_taken_up_leave_the_same_room(catalogue):
    text = LAPSED.replace("over: 5d}", "over: 0s}") + "    limits: {per_day: 8}\n"
    people = world(catalogue, *(bought(60 + number, PEOPLE[number]) for number in range(6)))
    made, span = definitions(catalogue, text), Span(NOON_US, NOON_US + DAY_US // 4)
    one, two = (run(people, made, span, lambda *far: None, jobs).report for jobs in (1, 2))
    assert one == two
    (told,) = one.scenarios
    assert told.report.entered == 4

"""Who would have entered a scenario, and what is counted as its goal."""

from dataclasses import replace

import pytest

from services.scenario.domain.entries import entry_of
from services.scenario.domain.graph import LEAST_US, MOST_US, longest_us
from services.scenario.domain.journey import Outcome, Phase
from services.scenario.domain.passage import begin, look
from tests.unit.scenario.playing import DAY_US, MINUTE_US, NOON_US, abandoned_cart, event, facts
from tests.unit.scenario.writing import scenario, stage

QUIET_US = NOON_US + 30 * MINUTE_US
HELD_OUT = replace(facts(is_defined=False), held_out=True)


def waiting():
    return begin(abandoned_cart(), event(), "j", NOON_US).journey


def test_whoever_is_held_out_ends_where_they_would_have_entered_and_nothing_is_done():
    step = look(waiting(), HELD_OUT, QUIET_US)
    assert (step.journey.outcome, step.effects, step.passages) == (Outcome.HELD_OUT, (), ())
    entry = entry_of(step)
    assert (entry.held_out, entry.met_us) == (True, QUIET_US)


def test_whoever_enters_meets_the_same_at_the_same_time_and_has_as_long():
    held_out = entry_of(look(waiting(), HELD_OUT, QUIET_US))
    step = look(waiting(), facts(), QUIET_US)
    assert entry_of(step) == replace(held_out, held_out=False)
    assert [(each.occurrence, each.stage) for each in step.passages] == [(1, "web_offer")]


def test_who_does_not_meet_it_is_no_entry_held_out_or_not():
    for found in (facts(situation_holds=False), replace(HELD_OUT, situation_holds=False)):
        step = look(waiting(), found, QUIET_US)
        assert (step.journey.outcome, entry_of(step)) == (Outcome.NOT_SO, None)


def test_a_scenario_that_is_off_for_somebody_parks_them_and_is_no_holdout():
    step = look(waiting(), facts(is_defined=False), QUIET_US)
    assert (step.journey.phase, entry_of(step)) == (Phase.PARKED, None)


def test_held_out_after_having_entered_a_journey_stands_still():
    entered = look(waiting(), facts(), QUIET_US).journey
    step = look(entered, HELD_OUT, entered.due_us)
    assert (step.journey.phase, entry_of(step)) == (Phase.PARKED, None)


@pytest.mark.parametrize(
    ("stages", "days"),
    [
        ([stage("a", offer="o", lasts=2 * DAY_US), stage("b", call=True, lasts=3 * DAY_US)], 5),
        ([stage("a", offer="o", lasts=2 * DAY_US, next=[{"to": "a", "share": 0.5}])], 2),
        (
            [
                stage("a", offer="o", lasts=DAY_US, answers={"declined": "c"}),
                stage("b", offer="o", lasts=2 * DAY_US),
                stage("c", offer="o", lasts=4 * DAY_US),
            ],
            7,
        ),
        ([stage("a", offer="o")], 7),
        ([stage("a", note="Seen.")], LEAST_US // DAY_US),
        ([stage("a", offer="o", lasts=200 * DAY_US)], MOST_US // DAY_US),
    ],
)
def test_a_goal_counts_as_long_as_the_longest_way_takes_without_its_circles(stages, days):
    assert longest_us(scenario(*stages)) == days * DAY_US

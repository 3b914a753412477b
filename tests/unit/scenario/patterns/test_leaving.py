"""What ends in leaving is found where it was planted, and nothing where there is nothing."""

from functools import cache

import pytest

from services.scenario.domain.patterns.leaving import leavings_of
from services.scenario.domain.patterns.log import DAY_US, MINUTE_US
from services.scenario.domain.patterns.visits import Step, visits_of
from tests.unit.scenario.patterns.histories import (
    ADD,
    ASK,
    BEGIN_US,
    BUY,
    CHECKOUT,
    PAGE,
    SEARCH,
    SHIPPING,
    VIEW,
    Did,
    history,
    log_of,
)

TVS = 2
NOISE = 8
"""Histories without anything in them; one mistake is a matter of one in twelve or so."""
HOUR_US = 60 * MINUTE_US


def in_order(done, *wanted):
    rest = iter((each.type, each.category, each.topic) for each in done)
    return all(step in rest for step in wanted)


def put_off(done, own):
    """Who put a TV into the cart and then read about shipping hardly buys."""
    return own / 20 if in_order(done, (ADD, TVS, 0), (PAGE, 0, SHIPPING)) else own


def found(log, most=20):
    visits = visits_of(log)
    return leavings_of(log, visits, most)


@cache
def planted():
    """Return a history with a sequence planted in it, and what is found there."""
    log = history(1, hazard=put_off)
    return log, found(log)


def clear(leavings):
    return [each for each in leavings.sequences if each.is_clear]


def test_the_planted_sequence_is_found_at_the_top_and_nothing_that_it_explains_beside_it():
    _, leavings = planted()
    assert [each.steps for each in clear(leavings)] == [
        (Step("add_to_cart", "TVs"), Step("page_view", topic="shipping"))
    ]
    sequence = leavings.sequences[0]
    assert sequence.is_clear
    share, at_least, at_most = sequence.share
    assert sequence.expected < at_least < share <= at_most
    lift, least = sequence.lift
    assert 2.0 < least <= lift
    assert sequence.people <= sequence.left <= sequence.visits
    assert 0 < sequence.lost_micros < sequence.worth_micros


@pytest.mark.long
def test_in_noise_nothing_is_found():
    mistakes = [seed for seed in range(NOISE) if clear(found(history(100 + seed, people=150)))]
    assert len(mistakes) <= 1


def test_where_nothing_stands_out_the_commonest_are_told_as_such():
    leavings = found(history(100, people=200))
    assert 1 <= len(leavings.sequences) <= 5
    assert not clear(leavings)
    assert {each.lost_micros for each in leavings.sequences} == {0}
    worth = [each.worth_micros for each in leavings.sequences]
    assert worth == sorted(worth, reverse=True)
    assert max(each.left for each in leavings.sequences) > leavings.left / 10


def test_what_is_clear_comes_before_what_is_common():
    log, leavings = planted()
    flags = [each.is_clear for each in leavings.sequences]
    assert flags == sorted(flags, reverse=True)
    assert len(found(log, most=1).sequences) == 1


@pytest.mark.long
def test_three_steps_are_told_as_three_where_two_of_them_tell_nothing():
    def only_together(done, own):
        three = in_order(done, (SEARCH, 0, 0), (ASK, 0, 0), (CHECKOUT, 0, 0))
        return own / 30 if three else own

    leavings = found(history(3, people=600, hazard=only_together))
    words = [[step.type for step in each.steps] for each in clear(leavings)]
    assert ["search", "question_asked", "checkout_started"] in words


def test_what_one_person_does_a_hundred_times_is_no_pattern():
    rows = []
    for visit in range(100):
        at_us = BEGIN_US + visit * 7 * HOUR_US
        rows += [(0, at_us, Did(ADD, TVS)), (0, at_us + MINUTE_US, Did(PAGE, 0, SHIPPING))]
    for person in range(1, 200):
        at_us = BEGIN_US + person * HOUR_US
        rows += [(person, at_us, Did(VIEW, 1)), (person, at_us + MINUTE_US, Did(SEARCH))]
        if person % 2:
            rows.append((person, at_us + 2 * MINUTE_US, Did(BUY, 1)))
    leavings = found(log_of(rows, 200))
    assert all(each.people >= 5 for each in leavings.sequences)
    assert not any(Step("add_to_cart", "TVs") in each.steps for each in leavings.sequences)


def test_of_a_log_without_events_nothing_is_said():
    leavings = found(log_of([], 0))
    assert (leavings.sequences, leavings.visits) == ([], 0)


@pytest.mark.parametrize(
    ("then", "is_over", "left"),
    [
        ([], True, [True]),
        ([(MINUTE_US, Did(BUY, 1))], True, [False]),
        ([(5 * HOUR_US, Did(BUY, 1))], True, [False]),
        ([(25 * HOUR_US, Did(BUY, 1))], True, [True]),
        ([(HOUR_US, Did(VIEW, 1))], True, [True, True]),
        ([], False, []),
    ],
    ids=["left", "bought", "bought the same day", "bought later", "came twice", "not known yet"],
)
def test_a_visit_was_left_if_nothing_is_bought_in_it_and_the_day_after(then, is_over, left):
    begin_us = BEGIN_US + (0 if is_over else 40 * DAY_US - HOUR_US)
    rows = [(0, begin_us, Did(ADD, TVS)), *((0, begin_us + us, did) for us, did in then)]
    assert visits_of(log_of(rows, 1)).has_left.tolist() == left


def test_the_cart_was_at_stake_else_what_was_looked_at_last():
    rows = [
        (0, BEGIN_US, Did(ADD, 1)),
        (0, BEGIN_US + 1, Did(ADD, TVS)),
        (0, BEGIN_US + 2, Did(VIEW, 3)),
        (1, BEGIN_US, Did(VIEW, TVS)),
        (1, BEGIN_US + 1, Did(VIEW, 3)),
        (2, BEGIN_US, Did(SEARCH)),
    ]
    worth = visits_of(log_of(rows, 3)).worth_micros.tolist()
    assert worth == [1_400_000_000, 40_000_000, 0]


def test_where_too_many_would_be_looked_at_rarer_ones_are_left_out(monkeypatch):
    log, everything = planted()
    monkeypatch.setattr("services.scenario.domain.patterns.leaving._MOST_TESTED", 900)
    fewer = found(log)
    assert everything.at_least < fewer.at_least
    assert fewer.at_least % everything.at_least == 0
    assert [each.steps for each in clear(fewer)] == [each.steps for each in clear(everything)]

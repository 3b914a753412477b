"""Where checkouts are left from, found where it was planted."""

import pytest

from services.scenario.domain.patterns.checkouts import checkouts_of
from services.scenario.domain.patterns.log import DAY_US, MINUTE_US
from services.scenario.domain.patterns.visits import Step, visits_of
from tests.unit.scenario.patterns.histories import (
    BEGIN_US,
    BUY,
    CHECKOUT,
    PAGE,
    SEARCH,
    SHIPPING,
    Did,
    history,
    log_of,
)

RETURNS = 2


def checkouts(left_from_shipping, people=120):
    """Everybody begins a checkout, reads about shipping or returns, and some go on to buy."""
    rows = []
    for person in range(people):
        at_us = BEGIN_US + person * MINUTE_US
        reads_shipping = person % 2 == 0
        topic = SHIPPING if reads_shipping else RETURNS
        leaves = person % 10 < (left_from_shipping if reads_shipping else 3)
        rows += [(person, at_us, Did(CHECKOUT)), (person, at_us + 1, Did(PAGE, 0, topic))]
        if not leaves:
            rows.append((person, at_us + 2, Did(BUY, 1)))
    return log_of(rows, people)


def found(log):
    return checkouts_of(log, visits_of(log), 20)


def test_the_page_that_checkouts_are_left_from_comes_first_and_is_clear():
    told = found(checkouts(left_from_shipping=9))
    assert (told.checkouts, told.left) == (120, 72)
    first = told.left_from[0]
    assert first.step == Step("page_view", topic="shipping")
    assert first.is_clear
    assert (first.times, first.left, first.people) == (60, 60, 60)
    assert not any(each.is_clear for each in told.left_from[1:])


def test_a_page_as_all_others_is_told_and_not_clear():
    told = found(checkouts(left_from_shipping=3))
    assert [each.is_clear for each in told.left_from] == [False, False]


def test_what_fewer_than_five_left_from_is_not_told():
    assert found(checkouts(left_from_shipping=9, people=8)).left_from == []


def test_beginnings_of_checkouts_are_held_against_beginnings():
    log = history(5, people=200)
    begun = [each for each in found(log).left_from if each.step.type == "checkout_started"]
    assert [each.is_clear for each in begun] == [False]


@pytest.mark.long
def test_in_noise_hardly_ever_anything_is_clear():
    clear = [
        seed
        for seed in range(12)
        if any(each.is_clear for each in found(history(200 + seed, people=150)).left_from)
    ]
    assert len(clear) <= 1


def test_what_was_done_before_the_checkout_is_not_of_it():
    rows = []
    for person in range(10):
        at_us = BEGIN_US + person * DAY_US
        rows += [(person, at_us, Did(SEARCH)), (person, at_us + 1, Did(CHECKOUT))]
    told = found(log_of(rows, 10))
    assert [each.step.type for each in told.left_from] == ["checkout_started"]

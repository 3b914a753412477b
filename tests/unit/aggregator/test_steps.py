"""How a budget is shared over the steps of a decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregator.domain.steps import (
    LEAST_CALL_S,
    STAGE_OF,
    WEIGHTS,
    Outcome,
    Step,
    fractions,
    share_s,
)
from shared.budget import Budget


class Ticking:
    """A monotonic clock that a test moves."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def budget_of(seconds):
    ticking = Ticking()
    return Budget.of(seconds, monotonic=ticking), ticking


def test_every_step_has_a_stage_with_a_weight():
    assert set(STAGE_OF) == set(Step)
    assert set(STAGE_OF.values()) == set(WEIGHTS)


def test_a_stage_gets_its_weight_over_those_still_ahead():
    parts = fractions({"first": 1.0, "second": 3.0, "last": 2.0})
    assert parts == {"first": 1 / 6, "second": 3 / 5, "last": 1.0}


def test_the_first_step_gets_its_weight_of_the_whole():
    budget, _ = budget_of(0.130)
    assert share_s(budget, Step.PROFILE) == pytest.approx(0.130 * 8 / 23)


def test_what_a_step_leaves_unspent_goes_to_the_later_ones():
    budget, ticking = budget_of(0.130)
    ticking.now += 0.010  # profile had 45 ms
    assert share_s(budget, Step.RETRIEVAL) == pytest.approx(0.120 * 6 / 15)


def test_what_a_step_overdraws_is_taken_from_the_later_ones():
    budget, ticking = budget_of(0.130)
    ticking.now += 0.064
    assert share_s(budget, Step.RETRIEVAL) == pytest.approx(0.066 * 6 / 15)


def test_steps_asked_at_the_same_time_have_the_same_share():
    budget, _ = budget_of(0.100)
    assert share_s(budget, Step.SCENARIO) == share_s(budget, Step.RETRIEVAL)


def test_the_last_step_gets_all_that_is_left():
    budget, ticking = budget_of(0.100)
    ticking.now += 0.060
    assert share_s(budget, Step.COMMIT) == pytest.approx(0.040)


def test_a_share_too_small_for_a_hop_is_no_share():
    budget, ticking = budget_of(0.100)
    ticking.now += 0.100 - LEAST_CALL_S / 2
    assert share_s(budget, Step.COMMIT) == 0.0
    ticking.now += 1.0
    assert share_s(budget, Step.COMMIT) == 0.0


IN_TURN = [Step.PROFILE, Step.RETRIEVAL, Step.CHECK, Step.RANK, Step.COMMIT]


@given(
    st.floats(0.0005, 1.0),
    st.lists(st.floats(0.0, 1.0), min_size=len(IN_TURN), max_size=len(IN_TURN)),
)
def test_however_much_of_its_share_each_step_takes_they_end_in_the_budget(budget_s, parts):
    budget, ticking = budget_of(budget_s)
    began = ticking.now
    for step, part in zip(IN_TURN, parts, strict=True):
        given_s = share_s(budget, step)
        assert given_s <= budget.remaining_s()
        assert given_s == 0.0 or given_s >= LEAST_CALL_S
        ticking.now += part * given_s
    assert ticking.now - began <= budget_s + 1e-9


@given(st.floats(0.05, 1.0), st.integers(0, len(IN_TURN) - 2), st.floats(0.0, 1.0))
def test_whoever_leaves_time_leaves_all_later_steps_more_of_it(budget_s, sparing, part):
    def shares(taken):
        budget, ticking = budget_of(budget_s)
        found = []
        for place, step in enumerate(IN_TURN):
            found.append(share_s(budget, step))
            ticking.now += found[-1] * (taken if place == sparing else 1.0)
        return found[sparing + 1 :]

    for spared, spent in zip(shares(part), shares(1.0), strict=True):
        assert spared >= spent - 1e-9


def test_a_step_is_named_by_its_service_in_degraded():
    assert Step.COMMIT.service == Step.CHECK.service == "rules"
    assert Step.RANK.service == "ranker"


def test_only_a_missing_answer_degrades():
    assert not Outcome.OK.degrades
    assert not Outcome.SKIPPED.degrades
    assert all(outcome.degrades for outcome in Outcome if outcome.value not in ("OK", "SKIPPED"))

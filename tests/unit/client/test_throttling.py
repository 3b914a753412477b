"""What is rejected here follows what the edge refuses, and retries never exceed their budget."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchpoint.client.throttling import RetryBudget, Throttle

OUTCOMES = st.lists(st.tuples(st.floats(0.0, 3.0), st.booleans()), max_size=200)


def after(outcomes) -> tuple[Throttle, float]:
    """Return a throttle that saw outcomes, each some seconds after the one before."""
    throttle, now_s = Throttle(), 0.0
    for gap_s, accepted in outcomes:
        now_s += gap_s
        throttle.count(now_s, accepted=accepted)
    return throttle, now_s


class Loaded:
    """Callers at `rate` a second before an edge that takes `capacity` of them in each second."""

    def __init__(self):
        self.throttle = Throttle()
        self.now_s = 0.0
        self.credit = 0.0

    def second(self, rate: int, capacity: int) -> tuple[int, int]:
        """Return how many were sent, and how many the edge took."""
        sent = taken = 0
        for number in range(rate):
            now_s = self.now_s + number / rate
            # As many as chance would send, without its luck.
            self.credit += 1.0 - self.throttle.rejected_share(now_s)
            goes = self.credit >= 1.0
            self.credit -= goes
            sent += goes
            # The edge takes them evenly over the second: those sent until now times its share.
            accepted = goes and taken < capacity * (number + 1) / rate
            taken += accepted
            self.throttle.count(now_s, accepted=accepted)
        self.now_s += 1.0
        return sent, taken


@given(st.lists(st.floats(0.0, 3.0), max_size=200))
def test_nothing_is_rejected_while_the_edge_refuses_nothing(gaps):
    throttle, now_s = after((gap_s, True) for gap_s in gaps)

    assert throttle.rejected_share(now_s) == 0.0


@given(OUTCOMES)
def test_the_share_is_a_probability_that_leaves_some_calls(outcomes):
    throttle, now_s = after(outcomes)

    assert 0.0 <= throttle.rejected_share(now_s) <= 0.9


@given(st.lists(st.booleans(), max_size=200))
def test_at_one_instant_the_share_is_that_of_the_book(outcomes):
    throttle, _ = after((0.0, accepted) for accepted in outcomes)
    requests, accepts = len(outcomes), sum(outcomes)

    book = max(0.0, (requests - 2 * accepts) / (requests + 1))
    assert abs(throttle.rejected_share(0.0) - min(0.9, book)) < 1e-9


@given(OUTCOMES)
def test_a_refusal_never_lowers_the_share_and_an_acceptance_never_raises_it(outcomes):
    refused, now_s = after(outcomes)
    accepted, _ = after(outcomes)
    before = refused.rejected_share(now_s)
    refused.count(now_s, accepted=False)
    accepted.count(now_s, accepted=True)

    assert accepted.rejected_share(now_s) <= before + 1e-9
    assert refused.rejected_share(now_s) >= before - 1e-9


@given(OUTCOMES)
def test_what_was_refused_a_minute_ago_is_forgotten(outcomes):
    throttle, now_s = after(outcomes)

    assert throttle.rejected_share(now_s + 60.0) < 0.01


@given(OUTCOMES, st.floats(0.0, 10.0))
def test_a_clock_read_in_another_order_by_threads_does_no_harm(outcomes, late_s):
    throttle, now_s = after(outcomes)
    share = throttle.rejected_share(now_s)

    assert throttle.rejected_share(now_s - late_s) == share


@pytest.mark.parametrize("factor", [3, 5, 10, 15])
def test_an_overloaded_edge_is_sent_little_more_than_twice_what_it_takes(factor):
    loaded = Loaded()
    for _ in range(5):
        loaded.second(20 * factor, 20)
    seconds = [loaded.second(20 * factor, 20) for _ in range(10)]

    assert sum(sent for sent, _ in seconds) <= 2.5 * 200
    assert sum(taken for _, taken in seconds) >= 0.95 * 200


@pytest.mark.parametrize("factor", [2, 5, 10, 20])
def test_after_a_spike_all_calls_are_sent_again_within_a_quarter_of_a_minute(factor):
    loaded = Loaded()
    for _ in range(20):
        loaded.second(20 * factor, 20)
    for _ in range(15):
        loaded.second(20, 200)

    assert loaded.second(20, 200) == (20, 20)


def test_a_caller_of_whom_all_was_refused_finds_back():
    loaded = Loaded()
    for _ in range(20):
        loaded.second(40, 0)
    for _ in range(10):
        loaded.second(40, 200)

    assert loaded.second(40, 200) == (40, 40)


@given(st.lists(st.booleans(), max_size=500))
def test_retries_are_ten_and_a_tenth_of_the_calls_at_most(steps):
    budget = RetryBudget()
    calls = retries = 0
    for is_call in steps:
        if is_call:
            budget.earn()
            calls += 1
        else:
            retries += budget.spend()
        assert retries <= 10 + calls / 10


def test_ten_calls_earn_a_retry():
    budget = RetryBudget()
    while budget.spend():
        pass
    for _ in range(9):
        budget.earn()
    assert not budget.spend()
    budget.earn()

    assert budget.spend()
    assert not budget.spend()

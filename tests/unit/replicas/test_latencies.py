"""From when on a call is late is told by the calls before it."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.replicas.latencies import SHORTEST_S, STEP, Latencies

ENOUGH = 20
TOOK = st.floats(SHORTEST_S, 20.0)


def of(seconds):
    found = Latencies()
    for each in seconds:
        found.add(each)
    return found


@given(st.lists(TOOK, min_size=ENOUGH, max_size=400), st.floats(0.01, 1.0))
def test_a_quantile_is_never_too_short_and_at_most_a_step_too_long(took, share):
    exact = sorted(took)[math.ceil(share * len(took) - 1e-9) - 1]
    found = of(took).quantile(share)
    assert exact * (1 - 1e-9) <= found <= exact * STEP * (1 + 1e-9)


@given(st.lists(TOOK, min_size=ENOUGH, max_size=400))
def test_late_is_between_the_95th_and_the_99th_percentile(took):
    found = of(took)
    assert found.quantile(0.95) <= found.late_after_s() <= found.quantile(0.99)


def test_of_few_calls_nothing_is_said():
    assert of([0.001] * (ENOUGH - 1)).late_after_s() is None


@pytest.mark.parametrize("share", [0.005, 0.01, 0.02, 0.04])
def test_calls_that_stall_now_and_then_are_late_long_before_they_end(share):
    chance = random.Random(1)
    stalling = of(
        0.2 if chance.random() < share else chance.gauss(0.002, 0.0003) for _ in range(5_000)
    )
    assert stalling.late_after_s() < 0.012


def test_what_was_long_ago_is_forgotten():
    found = of([1.0] * 3_000)
    for _ in range(40_000):
        found.add(0.001)
    assert found.quantile(0.999) < 0.002


@given(st.floats(0.0, SHORTEST_S))
def test_what_takes_next_to_nothing_counts_as_the_shortest(took):
    assert of([took] * ENOUGH).quantile(1.0) == SHORTEST_S


def test_what_takes_longer_than_anything_counts_as_the_longest():
    assert of([3_600.0] * ENOUGH).quantile(0.5) > 20.0

"""Intervals that hold at all looks together, tried on experiments without any effect."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.experiments.samples import Difference, difference, mean_of
from services.ranker.domain.experiments.sequences import always_valid, fixed

_RUNS, _DAYS, _A_DAY = 150, 28, 100


def _looked_at_daily(seed: int) -> tuple[bool, bool]:
    """Return whether some daily look finds an effect where there is none: always valid, fixed.

    People come over four weeks, return as often as their own rate says, and spend more and more.
    """
    random = np.random.default_rng(seed)
    people = _DAYS * _A_DAY
    came = np.repeat(np.arange(_DAYS), _A_DAY)
    is_treated = random.random(people) < 0.5
    rate = random.gamma(0.5, 0.1, people)
    spent = np.zeros(people)
    is_found = [False, False]
    for day in range(_DAYS):
        here = came <= day
        spent += here * random.poisson(rate) * random.gamma(2.0, 20.0, people)
        found = difference(mean_of(spent[here & is_treated]), mean_of(spent[here & ~is_treated]))
        for at, interval in enumerate((always_valid(found), fixed(found))):
            is_found[at] |= interval.is_significant
    return is_found[0], is_found[1]


def test_who_looks_every_day_is_hardly_ever_told_of_an_effect_that_is_not_there() -> None:
    looks = np.array([_looked_at_daily(seed) for seed in range(_RUNS)])
    false, naive = looks.mean(axis=0)

    assert false <= 0.05
    assert naive > 0.15, "the scene would not catch an interval that is valid at one look only"


def test_an_effect_is_found_in_the_end() -> None:
    found = Difference(0.005, 0.001, 100_000)

    interval = always_valid(found)

    assert interval.is_significant
    assert interval.low < 0.005 < interval.high


@given(
    st.floats(-10.0, 10.0), st.floats(1e-3, 10.0), st.integers(2, 10_000_000), st.floats(0.001, 0.2)
)
def test_zero_is_outside_just_where_the_p_value_is_below_alpha(
    value: float, error: float, people: int, alpha: float
) -> None:
    for make in (always_valid, fixed):
        found = make(Difference(value, error, people), alpha)
        if abs(found.p_value - alpha) > 1e-9:
            assert found.is_significant == (found.p_value < alpha)


@given(st.floats(-10.0, 10.0), st.floats(1e-3, 10.0), st.integers(2, 10_000_000))
def test_what_always_holds_is_wider_than_what_holds_once(
    value: float, error: float, people: int
) -> None:
    found = Difference(value, error, people)

    always, once = always_valid(found), fixed(found)

    assert always.low < once.low <= once.high < always.high


def test_a_single_look_is_that_of_the_textbook() -> None:
    interval = fixed(Difference(1.0, 0.5, 100))

    assert interval.high == pytest.approx(1.0 + 1.959964 * 0.5)
    assert interval.p_value == pytest.approx(2.0 * NormalDist().cdf(-2.0))


@pytest.mark.parametrize("error", [math.inf, 0.0])
def test_what_is_not_measured_may_be_anything(error: float) -> None:
    for make in (always_valid, fixed):
        found = make(Difference(1.0, error, 1))
        assert (found.low, found.high, found.p_value) == (-math.inf, math.inf, 1.0)

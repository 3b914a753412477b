"""Differences of two shares, against figures of the literature and what must always be so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scenario.domain.intervals import difference, wilson


def test_wilsons_bounds_are_as_published():
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_newcombes_bounds_are_as_published():
    # Newcombe 1998, "Interval estimation for the difference between independent proportions",
    # table II, method 10.
    for counts, low, high in (
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ):
        found = difference(*counts)
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


GROUPS = st.integers(1, 10_000).flatmap(
    lambda people: st.tuples(st.integers(0, people), st.just(people))
)


@given(GROUPS, GROUPS)
def test_the_interval_holds_the_difference_and_turns_with_the_groups(some, others):
    found = difference(*some, *others)
    assert -1 - 1e-9 <= found.low <= found.value <= found.high <= 1 + 1e-9
    turned = difference(*others, *some)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))

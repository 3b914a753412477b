"""Means and ratios of groups of people, and how sure they are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.experiments.samples import (
    Difference,
    Sample,
    difference,
    lift,
    mean_of,
    ratio_of,
)

_COUNTS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=2, max_size=60).filter(
    lambda rows: sum(visits for _, visits in rows) > 0
)


def test_the_error_of_a_mean_is_that_of_the_textbook() -> None:
    found = mean_of(np.array([1.0, 2.0, 3.0, 6.0]))

    assert found.mean == 3.0
    assert found.error == pytest.approx(math.sqrt(14 / 3 / 4))


@pytest.mark.parametrize("values", [[], [4.0]])
def test_of_nobody_and_of_one_person_nothing_is_sure(values: list[float]) -> None:
    assert mean_of(np.array(values)).error == math.inf


@given(_COUNTS)
def test_a_ratio_is_that_of_the_totals_whatever_a_person_adds(rows: list[tuple[int, int]]) -> None:
    orders, visits = (np.array(column, np.float64) for column in zip(*rows, strict=True))

    assert ratio_of(orders, visits).mean == pytest.approx(orders.sum() / visits.sum())


@given(_COUNTS)
def test_who_never_came_changes_nothing_of_a_ratio(rows: list[tuple[int, int]]) -> None:
    orders, visits = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    absent = np.zeros(7)

    with_them = ratio_of(np.concatenate([orders, absent]), np.concatenate([visits, absent]))

    assert with_them == ratio_of(orders, visits)


def test_the_error_of_a_ratio_is_how_much_it_varies_from_group_to_group() -> None:
    random = np.random.default_rng(4)
    groups = []
    for _ in range(400):
        visits = 1.0 + random.poisson(3.0, 500)
        orders = random.binomial(visits.astype(np.int64), random.beta(1.0, 9.0, 500))
        groups.append(ratio_of(orders.astype(np.float64), visits))

    spread = float(np.std([group.mean for group in groups]))

    assert float(np.mean([group.error for group in groups])) == pytest.approx(spread, rel=0.1)


def test_a_difference_is_as_unsure_as_both_groups_together() -> None:
    found = difference(Sample(400, 5.0, 16.0), Sample(100, 4.0, 9.0))

    assert found == Difference(1.0, math.hypot(0.2, 0.3), 500)


def test_a_lift_of_next_to_nothing_is_not_told() -> None:
    rare = Sample(100, 0.01, 0.01)

    assert lift(Sample(100, 0.05, 0.05), rare) is None


def test_a_lift_is_a_share_of_what_the_control_came_to() -> None:
    found = lift(Sample(10_000, 0.12, 0.1), Sample(10_000, 0.10, 0.09))

    assert found is not None
    assert found.value == pytest.approx(0.2)
    assert found.error == pytest.approx(math.hypot(math.sqrt(1e-5), 1.2 * 0.003) / 0.1)

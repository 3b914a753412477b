"""How far off foretold rates are by cell, and how far off chance alone would bring them."""

import numpy as np
import pytest

from bench.quality.acceptance.hillstrom import (
    gaps,
    standard_errors,
    worst_by_chance,
    worst_cell,
)

CELLS = np.repeat([0, 1, 2], [1_000, 600, 499])
"""The last is too small to count."""
ACCEPTED = np.arange(len(CELLS)) % 5 == 0
TOLD = np.where(CELLS == 0, 0.21, np.where(CELLS == 1, 0.17, 0.9))


def test_a_cell_is_off_by_what_is_foretold_too_much_or_too_little():
    assert gaps(CELLS, ACCEPTED, TOLD) == pytest.approx([1.0, -3.0])
    assert worst_cell(CELLS, ACCEPTED, TOLD) == pytest.approx(3.0)


def test_the_smaller_a_cell_the_further_off_it_is_by_chance():
    errors = standard_errors(CELLS, ACCEPTED)
    assert errors == pytest.approx(100 * np.sqrt(0.16 / np.array([1_000, 600])))


def test_the_worst_of_several_is_further_off_than_each():
    errors, worst = standard_errors(CELLS, ACCEPTED), worst_by_chance(CELLS, ACCEPTED)
    normal = np.abs(np.random.default_rng(2).normal(0.0, errors, (20_000, 2))).max(axis=1)
    assert worst.mean() == pytest.approx(normal.mean(), rel=0.03)

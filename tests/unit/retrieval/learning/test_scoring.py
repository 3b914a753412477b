from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning.fitting import regression
from services.retrieval.domain.learning.ials import Matrix, Setting
from services.retrieval.domain.learning.pairs import summed
from services.retrieval.domain.learning.scoring import ndcg


def test_a_perfect_ranking_scores_one_however_little_there_was_to_find() -> None:
    assert ndcg(np.array([True, False, False]), 1) == pytest.approx(1.0)
    assert ndcg(np.ones(30, np.bool_), 25) == pytest.approx(1.0)


def test_a_later_hit_counts_less_and_one_after_the_tenth_nothing() -> None:
    hits = np.zeros(20, np.bool_)
    hits[2] = True
    assert ndcg(hits, 1) == pytest.approx(0.5)
    assert ndcg(np.roll(hits, 8), 1) == 0.0


def test_nothing_to_find_scores_nothing() -> None:
    assert ndcg(np.zeros(10, np.bool_), 0) == 0.0


def test_the_regression_finds_the_weights_that_made_the_answers() -> None:
    random = np.random.default_rng(2)
    columns = random.normal(size=(40_000, 3)).astype(np.float32)
    columns[:, 2] = 4.0
    strength = 1.5 * columns[:, 0] - 0.5 * columns[:, 1] - 2.0
    answers = random.random(len(columns)) < 1 / (1 + np.exp(-strength))
    assert regression(columns, answers) == pytest.approx([-2.0, 1.5, -0.5, 0.0], abs=0.08)


def test_the_regression_stays_finite_where_the_answers_are_separable() -> None:
    columns = np.array([[-1.0], [-2.0], [1.0], [2.0]], np.float32)
    weights = regression(columns, np.array([False, False, True, True]))
    assert np.isfinite(weights).all()
    assert weights[1] > 0.5


@pytest.mark.parametrize("dimensions", [2, 6])
def test_each_half_step_of_ials_lowers_its_loss_to_the_minimum(dimensions: int) -> None:
    random = np.random.default_rng(3)
    persons, rows = (random.random((30, 12)) < 0.3).nonzero()
    weights = random.uniform(0.5, 2.0, len(persons)).astype(np.float32)
    pairs = summed((30, 12), persons, rows, weights)
    setting = Setting(0.02, 0.3, dimensions, sweeps=3)
    found = Matrix(pairs).factorised(setting, seed=1)

    def loss(vector: np.ndarray, person: int) -> float:
        own = pairs.persons == person
        scores = found.rows.astype(np.float64) @ vector
        strength = 0.02 * (own.sum() + 0.3 * 12)
        fit = (pairs.weights[own] * (1 - scores[pairs.rows[own]]) ** 2).sum()
        return float(fit + 0.3 * (scores**2).sum() + strength * vector @ vector)

    for person in np.unique(persons).tolist():
        best = found.persons[person].astype(np.float64)
        for _ in range(5):
            moved = best + random.normal(0.0, 0.01, dimensions)
            assert loss(moved, person) > loss(best, person)

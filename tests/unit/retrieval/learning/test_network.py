"""A small network learns what no sum of its columns says, and is kept as a row of numbers."""

import numpy as np
import pytest

from services.retrieval.domain.learning.network import fitted, size_of, unflattened


@pytest.fixture(scope="module")
def learned():
    random = np.random.default_rng(3)
    columns = random.normal(size=(40_000, 3)).astype(np.float32)
    columns[:, 2] = 7.0
    either = (columns[:, 0] > 0) != (columns[:, 1] > 0)
    return fitted(columns, either, np.ones(len(columns), np.float32), 0)


def test_it_learns_that_one_of_two_speaks_for_something_but_not_both(learned):
    odds = learned.log_odds(np.array([[1, -1, 7], [-1, 1, 7], [1, 1, 7], [-1, -1, 7]], np.float32))
    assert (odds > 0).tolist() == [True, True, False, False]


def test_what_never_varied_says_nothing_and_what_lies_far_out_stays_finite(learned):
    usual = np.array([[1, -1, 7]], np.float32)
    odd = np.array([[1, -1, -1e9], [1e30, -1, 7]], np.float32)
    assert learned.log_odds(odd)[0] == learned.log_odds(usual)[0]
    assert np.isfinite(learned.log_odds(odd)).all()


def test_a_row_of_numbers_is_the_same_network(learned):
    again = unflattened(learned.flat(), 3)
    columns = np.random.default_rng(1).normal(size=(9, 3)).astype(np.float32)
    assert again.log_odds(columns).tolist() == learned.log_odds(columns).tolist()
    with pytest.raises(ValueError, match="no network of 4 columns"):
        unflattened(learned.flat(), 4)
    assert len(learned.flat()) == size_of(3)


def test_rare_things_that_stand_for_many_weigh_as_many():
    columns = np.zeros((3_000, 1), np.float32)
    answers = np.arange(3_000) % 3 == 0
    weights = np.where(answers, 1.0, 4.5).astype(np.float32)
    odds = fitted(columns, answers, weights, 0).log_odds(columns[:1])
    assert odds[0] == pytest.approx(np.log(1 / 9), abs=0.1)

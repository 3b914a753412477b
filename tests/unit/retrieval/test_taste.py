"""The taste of whom a request is for."""

import numpy as np
import pytest

from services.retrieval.domain.taste import taste_of
from tests.unit.retrieval.learned import CYCLING, RUNNING, ExactIndex, model_of


@pytest.fixture
def model():
    return model_of({"ada": (RUNNING, [1, 2]), "web": (CYCLING, [2, 4])})


def test_somebody_nobody_knows_anything_of_has_none(model):
    assert taste_of(model, ["new"], [], []) is None
    assert taste_of(model, [], [99_999], [0]) is None


def test_without_a_visit_it_is_what_was_learned(model):
    taste = taste_of(model, ["ada", "unknown"], [], [])
    assert taste.vector.tolist() == list(RUNNING)
    assert (taste.own_rows.tolist(), taste.items_seen) == ([0], 0)
    assert taste.known.rows.tolist() == [0, 1]


def test_what_lies_in_the_cart_weighs_more_than_what_was_looked_at(model):
    in_cart = taste_of(model, [], [4], [1])
    looked_at = taste_of(model, [], [1], [4])
    assert in_cart.vector[1] > looked_at.vector[1]
    both = taste_of(model, [], [4], [4, 1])
    assert both.vector.tolist() == in_cart.vector.tolist()


def test_a_visit_counts_beside_what_was_learned(model):
    taste = taste_of(model, ["ada"], [], [5])
    assert taste.vector[0] > 0.8
    assert taste.vector[1] > 0.0
    assert taste.known.rows.tolist() == [0, 1, 4]
    assert np.linalg.norm(taste.unit) == pytest.approx(1.0)


def test_what_several_persons_know_of_one_thing_is_added_up(model):
    taste = taste_of(model, ["ada", "web"], [], [])
    assert taste.known.rows.tolist() == [0, 1, 3]
    assert taste.known.weights.tolist() == [1, 2, 1]
    assert taste.known.habits[:, 0].tolist() == [1, 2, 1]
    assert taste.vector.tolist() == [0.5, 0.5]


def test_who_is_forgotten_has_no_taste_and_is_nobodys_neighbour(model):
    purged = model.forgetting(["ada"], ExactIndex)
    assert taste_of(purged, ["ada"], [], []) is None
    assert taste_of(purged, ["web"], [], []).own_rows.tolist() == [0]
    assert len(purged.person_index.nearest(np.array(RUNNING, np.float32), 9)[0]) == 1
    assert purged.baskets.of_all(np.array([0]))[0].tolist() == [1, 3]
    assert model.forgetting(["nobody"], ExactIndex) is model

"""The taste of whom a request is for."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning.rhythm import TRIPS
from services.retrieval.domain.learning.signals import Taste, visitor_taste
from services.retrieval.domain.taste import _joined, taste_of
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


def shopping(**numbers):
    return np.array([numbers.get(each.replace(" ", "_"), 0.0) for each in TRIPS], np.float32)


def joined(*tastes):
    return _joined(np.zeros(2, np.float32), tastes)


def who_bought(since, oldest, gap, trips):
    """Return the taste of somebody who bought one thing twice or more."""
    habits = np.array([[2.0, since, oldest, gap, 1.0, 1.0, 1.0]], np.float32)
    weight = np.ones(1, np.float32)
    return Taste(np.zeros(2, np.float32), np.array([7]), weight, habits, trips)


def test_a_cookie_that_never_bought_does_not_make_its_owner_stay_away():
    card = who_bought(1, 29, 7, shopping(days=9, since=1, again=0.4))
    looked = np.zeros(2, np.float32)
    cookie = visitor_taste(looked, np.array([3]), np.ones(1, np.float32))
    cookie = replace(cookie, trips=shopping(since=700, again=0.6))
    for tastes in ((card, cookie), (cookie, card)):
        assert joined(*tastes).trips.tolist() == card.trips.tolist()
    assert joined(cookie, cookie).trips.tolist() == cookie.trips.tolist()


def test_what_each_of_two_knows_alone_stays_with_its_own_row():
    card = replace(who_bought(3, 29, 7, shopping(days=9)), weights=np.full(1, 5.0, np.float32))
    seen = np.array([9, 3]), np.array([0.4, 0.2], np.float32)
    cookie = visitor_taste(np.zeros(2, np.float32), *seen)
    found = joined(card, cookie)
    assert found.rows.tolist() == [3, 7, 9]
    assert found.weights.tolist() == pytest.approx([0.2, 5.0, 0.4])
    assert found.habits[:, :4].tolist() == [[0] * 4, [2, 3, 29, 7], [0] * 4]


def test_of_two_who_bought_the_last_counts_and_the_gap_is_theirs():
    card = who_bought(3, 29, 7, shopping(days=9, since=2))
    paper = who_bought(40, 90, 30, shopping(days=4, since=40))
    for tastes in ((card, paper), (paper, card)):
        found = joined(*tastes)
        assert found.habits[0, :4].tolist() == [4, 3, 90, 7]
        assert found.trips.tolist() == shopping(days=9, since=2).tolist()


def test_who_is_forgotten_has_no_taste_and_is_nobodys_neighbour(model):
    purged = model.forgetting(["ada"], ExactIndex)
    assert taste_of(purged, ["ada"], [], []) is None
    assert taste_of(purged, ["web"], [], []).own_rows.tolist() == [0]
    assert len(purged.person_index.nearest(np.array(RUNNING, np.float32), 9)[0]) == 1
    assert purged.baskets.of_all(np.array([0]))[0].tolist() == [1, 3]
    assert model.forgetting(["nobody"], ExactIndex) is model

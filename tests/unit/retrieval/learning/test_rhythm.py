"""Dates of each habit, shopping days of each person, and how demand for items moves."""

import numpy as np
import pytest

from services.retrieval.domain.learning.history import history_until
from services.retrieval.domain.learning.rhythm import DEMAND
from tests.unit.retrieval.learning.tastes import NOW_US, events

MILK, TV = 1, 2


@pytest.fixture
def history():
    return history_until(
        events(
            *(("ann", MILK, days, 1.0) for days in (1.5, 8.5, 8.6, 22.5, 40.5, 60.5)),
            ("ann", TV, 30.5, 1.0),
            ("bob", TV, 80.5, 1.0),
            ("bob", MILK, 80.5, 1.0),
        ),
        NOW_US,
    )


def test_a_habit_knows_its_days_the_last_the_first_and_the_last_gap(history):
    anns_milk, anns_tv, bobs_milk, _ = history.habits[:, :4].tolist()
    assert anns_milk == [5, 1, 60, 7]
    assert anns_tv == [1, 30, 30, 0]
    assert bobs_milk == [1, 80, 80, 0]


def test_a_person_has_days_of_shopping_whatever_was_bought_on_them(history):
    ann, bob = history.trips
    assert (ann[3], ann[4], bob[3], bob[4]) == (6, 1, 1, 80)
    assert ann[0] > bob[0]
    assert ann[5] > bob[5]


def test_what_is_bought_again_soon_and_more_of_late_shows_it(history):
    sooner, again = DEMAND.index("sooner"), DEMAND.index("again")
    milk, tv = history.demand
    assert milk[sooner] > tv[sooner]
    assert milk[again] > tv[again]
    assert np.isfinite(history.demand).all()

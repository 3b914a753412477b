"""How well next looks are foretold: rivals, and what makes a run void."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import MeasurementError
from bench.quality import diginetica
from bench.quality.visit_rivals import ImplicitAls, ItemNeighbours, LatelyPopular, Markov
from bench.quality.visits import Visited
from services.retrieval.domain.learning.visits import visits_of


class Order:
    """Ranks always alike."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = np.array(numbers)

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        return self._numbers


VISITED = Visited(
    sessions=np.array([0, 0, 1, 1, 2, 2, 2, 3, 3]),
    items=np.array([1, 2, 1, 2, 1, 3, 2, 4, 5]),
    prefixes=[[1], [3, 1], [2], [4]],
    targets=np.array([2, 3, 3, 1]),
)


def test_markov_ranks_by_what_came_right_after_the_last() -> None:
    assert Markov(VISITED).ranked([3, 1]).tolist() == [2, 3]
    assert Markov(VISITED).ranked([2]).tolist() == []


def test_neighbours_are_of_everything_looked_at_and_weighed_by_rarity() -> None:
    assert set(ItemNeighbours(VISITED).ranked([4, 1]).tolist()) == {2, 3, 5}
    assert ItemNeighbours(VISITED).ranked([4])[0] == 5


def test_lately_popular_is_what_the_last_visits_looked_at() -> None:
    assert set(LatelyPopular(VISITED).ranked([1])[:2].tolist()) == {4, 5}


def test_ranks_make_hit_rates_and_reciprocal_ranks_in_per_cent() -> None:
    ranks = diginetica._ranks(Markov(VISITED), VISITED)
    hits, reciprocal = diginetica._scores(ranks.back)
    assert hits.tolist() == [100.0, 100.0, 0.0, 0.0]
    assert reciprocal.tolist() == [100.0, 50.0, 0.0, 0.0]
    assert (ranks.spent_ms > 0).all()


def test_an_item_in_view_is_no_next_look_and_leaves_its_place() -> None:
    looked = replace(VISITED, prefixes=[[1], [1]], targets=np.array([2, 1]))
    ranks = diginetica._ranks(Order(1, 3, 2), looked)
    assert ranks.back.tolist() == [2, 0]
    assert ranks.in_view.tolist() == [1, diginetica._DEPTH]


def test_a_run_is_void_when_markov_does_not_come_to_what_is_known() -> None:
    with pytest.raises(MeasurementError, match=r"void: Markov on diginetica came to 50\.0"):
        diginetica._prove(np.array([0, diginetica._DEPTH]))


def test_visits_reach_training_in_their_order_and_before_its_moment() -> None:
    lessons = VISITED.lessons()
    visits = visits_of(lessons.interactions)
    assert visits.offer_nos[visits.rows].tolist() == VISITED.items.tolist()
    assert visits.starts.tolist() == [0, 2, 4, 7, 9]
    assert lessons.interactions.times_us.max() < VISITED.now_us
    assert lessons.texts.offer_nos.tolist() == [1, 2, 3, 4, 5]


@pytest.mark.filterwarnings("ignore:OpenBLAS is configured:RuntimeWarning")
def test_implicit_answers_each_beginning_with_what_was_looked_at_after_such() -> None:
    pytest.importorskip("implicit")
    ranker = ImplicitAls(VISITED)
    assert {2, 3} & set(ranker.ranked([1])[:3].tolist())
    assert len(ranker.ranked([3, 1])) == len(ranker.ranked([4]))

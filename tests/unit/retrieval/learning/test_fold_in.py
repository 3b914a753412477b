from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from services.retrieval.domain.learning.fold_in import FoldIn
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.training import TrainingSettings, train
from tests.unit.retrieval.learning.tastes import ITEMS_PER_TASTE, NOW_US, texts, two_tastes


@pytest.fixture(scope="module")
def items() -> ItemModel:
    settings = TrainingSettings("shop", 1, dimensions=8, sweeps=4)
    return train(Lessons(two_tastes(), texts()), settings, NOW_US).model.items


def solved_directly(
    items: ItemModel, rows: list[int], weights: list[float], around: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Minimise the loss of iALS for one person by the equations of Hu, Koren and Volinsky."""
    every = items.factors.astype(np.float64)
    seen = every[rows]
    strength = items.regularisation * (len(rows) + items.unobserved_weight * len(every))
    system = items.unobserved_weight * every.T @ every + strength * np.eye(every.shape[1])
    system += (seen * np.array(weights)[:, None]).T @ seen
    return around + np.linalg.solve(system, seen.T @ (weights * (1 - seen @ around)))


@pytest.mark.parametrize("rows", [[3], [0, 7, 41], list(range(20))])
def test_it_solves_the_equations_of_the_paper_for_few_items_and_for_many(
    items: ItemModel, rows: list[int]
) -> None:
    weights = [1.0 + 0.5 * (row % 3) for row in rows]
    found = FoldIn(items).person_vector(np.array(rows), np.array(weights))
    nothing = np.zeros(items.factors.shape[1])
    assert found == pytest.approx(solved_directly(items, rows, weights, nothing), abs=1e-4)


def test_it_deviates_from_what_was_learned_before_only_as_far_as_the_visit_tells(
    items: ItemModel,
) -> None:
    before = np.linspace(-0.3, 0.3, items.factors.shape[1])
    found = FoldIn(items).person_vector(np.array([5, 9]), np.ones(2), before.astype(np.float32))
    assert found == pytest.approx(solved_directly(items, [5, 9], [1, 1], before), abs=1e-4)


def test_without_items_a_person_is_who_they_were_and_a_visitor_nobody(items: ItemModel) -> None:
    none = np.zeros(0, np.int64)
    before = np.linspace(-0.3, 0.3, items.factors.shape[1]).astype(np.float32)
    assert FoldIn(items).person_vector(none, np.ones(0), before) == pytest.approx(before, abs=1e-5)
    assert not FoldIn(items).person_vector(none, np.ones(0)).any()


def test_a_visitor_who_saw_two_things_of_one_taste_is_offered_more_of_it(items: ItemModel) -> None:
    vector = FoldIn(items).person_vector(np.array([2, 11]), np.array([0.1, 0.1]))
    best = np.argsort(-(items.factors @ vector))[:10]
    assert (best < ITEMS_PER_TASTE).all()

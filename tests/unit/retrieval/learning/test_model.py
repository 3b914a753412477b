from __future__ import annotations

import numpy as np

from services.retrieval.domain.learning.model import NOT_LEARNED, PersonModel, rows_among


def persons() -> PersonModel:
    return PersonModel(
        person_ids=("ann", "bob", "cid"),
        factors=np.arange(6, dtype=np.float32).reshape(3, 2),
        starts=np.array([0, 2, 3, 5]),
        rows=np.array([4, 9, 1, 2, 3], np.uint32),
        weights=np.array([0.1, 0.2, 0.3, 0.4, 0.5], np.float32),
        habits=np.arange(15, dtype=np.float32).reshape(5, 3),
        trips=np.zeros((3, 6), np.float32),
    )


def test_of_a_forgotten_person_nothing_is_left_and_the_others_stay_whole() -> None:
    left = persons().without({"bob", "nobody"})
    assert left.person_ids == ("ann", "cid")
    assert left.factors.tolist() == [[0, 1], [4, 5]]
    assert left.starts.tolist() == [0, 2, 4]
    assert left.rows.tolist() == [4, 9, 2, 3]
    assert left.weights.tolist() == persons().weights[[0, 1, 3, 4]].tolist()
    assert left.habits.tolist() == persons().habits[[0, 1, 3, 4]].tolist()


def test_everybody_may_be_forgotten() -> None:
    left = persons().without(persons().person_ids)
    assert (left.person_ids, len(left.rows), left.starts.tolist()) == ((), 0, [0])


def test_forgetting_somebody_unknown_changes_nothing() -> None:
    known = persons()
    assert known.without({"dan"}) is known


def test_rows_are_places_of_what_was_learned_and_say_what_was_not() -> None:
    known = np.array([3, 7, 20], np.uint32)
    found = rows_among(known, np.array([20, 1, 7, 99, 3]))
    assert found.tolist() == [2, NOT_LEARNED, 1, NOT_LEARNED, 0]
    assert rows_among(known[:0], np.array([3])).tolist() == [NOT_LEARNED]

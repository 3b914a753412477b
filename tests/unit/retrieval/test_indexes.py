"""How near vectors are found: exactly in small sets, nearly always in large ones."""

import numpy as np
import pytest

from services.retrieval.storage import indexes
from services.retrieval.storage.indexes import build_index


def vectors(count, width=16, seed=3):
    random = np.random.default_rng(seed)
    centres = random.normal(size=(40, width))
    near = centres[random.integers(0, 40, count)] + 0.4 * random.normal(size=(count, width))
    return near.astype(np.float32)


def test_the_nearest_come_first_with_their_products():
    found, products = build_index(np.eye(4, dtype=np.float32)).nearest(
        np.array([0.1, 0.9, 0.5, -1.0], np.float32), 3
    )
    assert found.tolist() == [1, 2, 0]
    assert products.tolist() == pytest.approx([0.9, 0.5, 0.1])


def test_more_than_there_are_gives_all_and_of_nothing_there_is_nothing():
    of_two = build_index(np.eye(2, dtype=np.float32))
    assert len(of_two.nearest(np.ones(2, np.float32), 50)[0]) == 2
    empty = build_index(np.zeros((0, 2), np.float32))
    assert [len(column) for column in empty.nearest(np.ones(2, np.float32), 5)] == [0, 0]


def test_a_large_set_is_searched_in_parts_with_a_measured_recall(monkeypatch):
    monkeypatch.setattr(indexes, "EXACT_UP_TO", 5000)
    many = vectors(20_000)
    index = build_index(many)
    assert 0.98 <= index.recall <= 1.0
    asked = vectors(50, seed=4)
    truly = (asked @ many.T).argsort(axis=1)[:, ::-1][:, :20]
    found = [index.nearest(each, 20)[0] for each in asked]
    shares = [np.isin(own, true).mean() for own, true in zip(found, truly, strict=True)]
    assert np.mean(shares) >= 0.85


def test_too_small_a_recall_is_raised_by_looking_further(monkeypatch):
    monkeypatch.setattr(indexes, "EXACT_UP_TO", 100)
    monkeypatch.setattr(indexes, "_FIRST_PROBES", 1)
    scattered = np.random.default_rng(5).normal(size=(4000, 32)).astype(np.float32)
    assert build_index(scattered).recall >= 0.98
    monkeypatch.setattr(indexes, "WANTED_RECALL", 0.0)
    assert build_index(scattered).recall < 0.5

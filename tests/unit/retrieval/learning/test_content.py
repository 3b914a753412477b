from __future__ import annotations

import numpy as np
import pytest

from services.retrieval.domain.learning.content import ItemTexts, content_vectors


def texts(*rows: tuple[int, str, str, str]) -> ItemTexts:
    numbers, titles, categories, brands = zip(*rows)
    return ItemTexts(np.array(numbers, np.uint32), titles, categories, brands)


SHELF = texts(
    (9, "Running shoe Comet", "Sport > Running", "Fleet"),
    (2, "Runner's shoe Meteor", "Sport > Running", "Fleet"),
    (5, "Saucepan with lid", "Kitchen > Pans", "Copperton"),
    (7, "Frying pan with lid", "Kitchen > Pans", "Copperton"),
    (3, "Novel about the sea", "Books", ""),
)


def test_like_things_are_near_and_unlike_ones_far() -> None:
    content = content_vectors(SHELF, seed=1)
    near = content.vectors @ content.vectors.T
    assert content.offer_nos.tolist() == [2, 3, 5, 7, 9]
    assert near[0].argsort()[::-1][:2].tolist() == [0, 4]
    assert near[2].argsort()[::-1][:2].tolist() == [2, 3]
    assert near[0, 4] > near[0, 2] + 0.2


def test_vectors_have_length_one() -> None:
    lengths = np.linalg.norm(content_vectors(SHELF, seed=1).vectors, axis=1)
    assert lengths == pytest.approx(np.ones(5), abs=1e-5)


def test_what_has_no_title_has_no_vector() -> None:
    content = content_vectors(texts((1, " ", "Sport", "Fleet"), (2, "Shoe", "Sport", "")), seed=1)
    assert content.offer_nos.tolist() == [2]


def test_a_shop_without_titles_has_no_vectors() -> None:
    content = content_vectors(texts((1, "", "Sport", "")), seed=1)
    assert len(content.offer_nos) == len(content.vectors) == 0


def test_the_same_words_and_seed_make_the_same_vectors() -> None:
    one, other = (content_vectors(SHELF, seed=3).vectors for _ in range(2))
    assert np.array_equal(one, other)

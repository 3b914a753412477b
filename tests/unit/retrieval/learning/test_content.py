"""Where items lie by what they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from services.retrieval.domain.learning.content import (
    NO_SPACE,
    ContentVectors,
    Projector,
    content_vectors,
    learned_space,
)
from services.retrieval.domain.learning.terms import ItemTexts, marks_of


def texts(*rows: tuple[int, str, str, str], prices: tuple[int, ...] = ()) -> ItemTexts:
    numbers, titles, categories, brands = zip(*rows)
    micros = np.array(prices, np.int64) * 1_000_000
    return ItemTexts(np.array(numbers, np.uint32), titles, categories, brands, micros)


SHELF = texts(
    (9, "Running shoe Comet", "Sport > Running", "Fleet"),
    (2, "Runner's shoe Meteor", "Sport > Running", "Fleet"),
    (5, "Saucepan with lid", "Kitchen > Pans", "Copperton"),
    (7, "Frying pan with lid", "Kitchen > Pans", "Copperton"),
    (3, "Novel about the sea", "Books", ""),
)


def placed(shelf: ItemTexts, seed: int = 1) -> ContentVectors:
    return content_vectors(shelf, learned_space(shelf, seed))


def cosines(shelf: ItemTexts, projector: Projector) -> NDArray[np.float32]:
    vectors = projector.vectors(shelf)
    return vectors @ vectors.T


def test_like_things_are_near_and_unlike_ones_far() -> None:
    content = placed(SHELF)
    near = content.vectors @ content.vectors.T
    assert content.offer_nos.tolist() == [2, 3, 5, 7, 9]
    assert near[0].argsort()[::-1][:2].tolist() == [0, 4]
    assert near[2].argsort()[::-1][:2].tolist() == [2, 3]
    assert near[0, 4] > near[0, 2] + 0.2


def test_without_any_training_like_things_are_near_too() -> None:
    near = cosines(SHELF, Projector(NO_SPACE))
    assert near[0].argsort()[::-1][:2].tolist() == [0, 1]
    assert near[2].argsort()[::-1][:2].tolist() == [2, 3]
    assert near[0, 1] > near[0, 2] + 0.2


def test_vectors_have_length_one() -> None:
    for vectors in (placed(SHELF).vectors, Projector(NO_SPACE).vectors(SHELF)):
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(5), abs=1e-5)


def test_what_comes_later_lies_where_training_would_have_put_it() -> None:
    space = learned_space(SHELF, seed=1)
    one = texts((9, "Running shoe Comet", "Sport > Running", "Fleet"))
    again = Projector(space).vectors(one)[0]
    assert again @ content_vectors(SHELF, space).vectors[-1] == pytest.approx(1.0, abs=1e-5)


def test_new_things_are_near_each_other_by_words_that_training_never_saw() -> None:
    projector = Projector(learned_space(SHELF, seed=1))
    new = texts(
        (11, "Hoverboard Zephyr", "Gadgets", "Aero"),
        (12, "Hoverboard Mistral", "Gadgets", "Aero"),
        (13, "Saucepan Volcano", "Kitchen > Pans", "Aero"),
    )
    near = cosines(new, projector)
    assert near[0, 1] > 0.5 > near[0, 2]
    pans = content_vectors(SHELF, learned_space(SHELF, seed=1)).vectors[2]
    assert projector.vectors(new)[2] @ pans > 0.4


@pytest.mark.parametrize("is_learned", [False, True])
def test_of_things_of_one_kind_those_of_a_near_price_are_nearer(is_learned: bool) -> None:
    rows = tuple((at + 1, f"Television number{at}", "Video > TV", "") for at in range(12))
    shelf = texts(*rows, prices=(200, 220, 1600, *(200, 1600, 200) * 3))
    near = cosines(shelf, Projector(learned_space(shelf, 1) if is_learned else NO_SPACE))
    assert near[0, 1] > near[0, 2]
    assert near[0, [3, 5, 6, 8]].mean() > near[0, [4, 7, 10]].mean()


def test_what_has_no_title_has_no_vector() -> None:
    content = placed(texts((1, " ", "Sport", "Fleet"), (2, "Shoe", "Sport", "")))
    assert content.offer_nos.tolist() == [2]


def test_a_shop_without_titles_has_no_vectors() -> None:
    content = placed(texts((1, "", "Sport", "")))
    assert len(content.offer_nos) == len(content.vectors) == len(content.marks) == 0


def test_the_same_words_and_seed_make_the_same_vectors() -> None:
    one, other = (placed(SHELF, seed=3).vectors for _ in range(2))
    assert np.array_equal(one, other)


def test_marks_change_with_anything_that_places_an_item() -> None:
    one = texts((1, "Shoe", "Sport", "Fleet"), prices=(10,))
    others = (
        replace(one, titles=["Boot"]),
        replace(one, categories=["Sports"]),
        replace(one, brands=[""]),
        replace(one, price_micros=one.price_micros + 1),
    )
    assert marks_of(replace(one, offer_nos=one.offer_nos + 1)) == marks_of(one)
    assert marks_of(one) not in [marks_of(other) for other in others]

"""How far contents foretell behaviour."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.learning.content import (
    ContentVectors,
    content_vectors,
    learned_space,
)
from services.retrieval.domain.learning.content_fit import fitted_content
from services.retrieval.domain.learning.history import history_until
from services.retrieval.domain.learning.ials import Setting
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.learned import Origin, learned
from services.retrieval.domain.learning.model import LearnedModel
from tests.unit.retrieval.learning.tastes import (
    FIRST_NO,
    ITEMS_PER_TASTE,
    NOW_US,
    texts,
    two_tastes,
)

COUNT = 2 * ITEMS_PER_TASTE


@pytest.fixture(scope="module")
def model() -> LearnedModel:
    history = history_until(two_tastes(), NOW_US)
    return learned(history, Setting(0.01, 0.1, 8, 5), 1, Origin("", 0, NOW_US), lambda _: None)


def words() -> ContentVectors:
    return content_vectors(texts(), learned_space(texts(), 1))


def shuffled() -> ContentVectors:
    content = words()
    order = np.random.default_rng(4).permutation(COUNT)
    return replace(content, vectors=content.vectors[order])


def looks(step: int) -> Interactions:
    """Everybody looks at one thing after the other, so many numbers further each time."""
    times = np.arange(10) * 60_000_000
    starts = np.arange(40)[:, np.newaxis]
    places = (starts + step * np.arange(10)) % COUNT
    return Interactions(
        person_ids=tuple(f"p{person}" for person in range(40)),
        persons=np.arange(40, dtype=np.int32).repeat(10),
        offer_nos=(FIRST_NO + places.ravel()).astype(np.uint32),
        times_us=np.tile(times, 40),
        weights=np.full(400, 0.1, np.float32),
    )


def test_where_words_tell_the_taste_it_is_foretold_for_what_nobody_took(
    model: LearnedModel,
) -> None:
    fit = fitted_content(model, words(), None, looks(1))
    assert fit.cosine > 0.6
    assert fit.recall > 0.15
    bicycle, saucepan = fit.tastes(words().vectors[[0, -1]])
    even = model.persons.factors[model.persons.person_ids.index("p0")]
    assert even @ bicycle > even @ saucepan + 0.2


def test_where_words_tell_nothing_nothing_is_trusted(model: LearnedModel) -> None:
    fit = fitted_content(model, shuffled(), None, looks(1))
    assert fit.cosine < 0.3
    assert fit.recall < 0.2


def test_what_is_looked_at_next_decides_how_much_contents_count(model: LearnedModel) -> None:
    """Contents that lie in a row foretell the next number; tastes know two kinds of things."""
    angles = np.linspace(0, np.pi, COUNT)
    vectors = np.zeros((COUNT, words().vectors.shape[1]), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    in_a_row = replace(words(), vectors=vectors)
    assert fitted_content(model, in_a_row, model, looks(1)).content_weight >= 0.8
    assert fitted_content(model, shuffled(), model, looks(2)).content_weight <= 0.4


def test_a_shop_with_hardly_any_items_is_told_nothing(model: LearnedModel) -> None:
    few = ContentVectors(words().offer_nos[:20], words().vectors[:20])
    fit = fitted_content(model, few, None, looks(1))
    assert (fit.cosine, fit.content_weight, fit.to_taste.shape) == (0.0, 1.0, (0, 0))

"""What speaks for an item, and that computing little comes to the same as computing all."""

import numpy as np
import pytest

from services.retrieval.domain.learning.blending import Blender
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.rhythm import TRIPS
from services.retrieval.domain.learning.signals import (
    HABITS,
    SIGNALS,
    Signals,
    Taste,
    nobodys_taste,
)

COUNT, WIDTH = 2000, 16


@pytest.fixture
def random():
    return np.random.default_rng(7)


@pytest.fixture
def items(random):
    numbers = np.arange(1, COUNT + 1, dtype=np.uint32)
    return ItemModel(
        catalogue_id="shop",
        catalogue_version=1,
        trained_us=1,
        regularisation=0.01,
        unobserved_weight=0.1,
        offer_nos=numbers,
        factors=random.normal(size=(COUNT, WIDTH)).astype(np.float32),
        buyers=random.integers(2, 99, COUNT).astype(np.uint32),
        heat=random.exponential(5.0, COUNT).astype(np.float32),
        repeats=(1.0 + random.exponential(0.5, COUNT)).astype(np.float32),
        neighbour_nos=random.integers(0, COUNT + 1, (COUNT, 9)).astype(np.uint32),
        neighbour_scores=random.random((COUNT, 9), np.float32),
        neighbour_counts=np.full((COUNT, 9), 3, np.uint32),
        blend=random.normal(size=1 + len(SIGNALS)).astype(np.float32),
        content_nos=numbers[:0],
        content=np.zeros((0, 1), np.float32),
    )


def taste_of(random, dealt_with):
    rows = np.sort(random.choice(COUNT, dealt_with, replace=False)).astype(np.uint32)
    is_bought = random.random((dealt_with, 1)) < 0.5
    return Taste(
        vector=random.normal(size=WIDTH).astype(np.float32),
        rows=rows,
        weights=random.random(dealt_with, np.float32) + np.float32(0.1),
        habits=random.random((dealt_with, HABITS), np.float32) * is_bought,
        trips=random.random(len(TRIPS), np.float32),
    )


def all_columns(items, taste, evidence):
    """Compute every signal of every item, one by one as they are defined."""
    habits, seen = np.zeros((COUNT, 3), np.float32), np.zeros(COUNT, np.float32)
    habits[taste.rows], seen[taste.rows] = taste.habits[:, -3:], taste.weights
    own = (habits[:, 2] > 0).astype(np.float32)
    heat, buyers = np.log(items.heat + 0.5), np.log(items.buyers + 3.0)
    vector, neighbours = items.factors @ taste.vector, np.log(evidence.of(np.arange(COUNT)) + 0.01)
    told = [heat, buyers, vector, neighbours, seen * (1 - own), own]
    told += list(np.log1p(4.0 * habits).T)
    told += [own * each for each in (np.log(items.repeats), heat, buyers, vector, neighbours)]
    return np.stack(told, 1)


@pytest.mark.parametrize("dealt_with", [0, 1, 40, 300])
def test_the_signals_are_what_they_are_called(items, random, dealt_with):
    taste = taste_of(random, dealt_with)
    signals = Signals(items)
    evidence = signals.evidence(taste)
    assert (np.diff(evidence.rows) > 0).all()
    wanted = all_columns(items, taste, evidence)
    for rows in (np.arange(COUNT), np.sort(random.choice(COUNT, 500, replace=False))):
        columns = signals.columns(taste, rows, evidence)
        assert columns == pytest.approx(wanted[rows], rel=1e-5, abs=1e-5)
    assert signals.columns(taste, np.zeros(0, np.int64), evidence).shape == (0, len(SIGNALS))


@pytest.mark.parametrize("novel", [True, False])
def test_what_is_ranked_is_the_best_of_the_pool_by_all_signals(items, random, novel):
    blender, taste = Blender(items), taste_of(random, 60)
    evidence = blender.signals.evidence(taste)
    strength = all_columns(items, taste, evidence) @ items.blend[1:] + items.blend[0]
    bought = taste.rows[taste.habits[:, -1] > 0]
    pool = blender.pool(taste, evidence, None)
    if novel:
        assert np.isin(bought, pool).all()
        pool = pool[~np.isin(pool, bought)]
    wanted = pool[np.argsort(-strength[pool], kind="stable")][:50]
    ranked = blender.ranked(taste, 50, novel=novel)
    assert ranked.rows.tolist() == wanted.tolist()
    assert ranked.scores == pytest.approx(1.0 / (1.0 + np.exp(-strength[wanted])), rel=1e-4)


def test_one_who_asks_leaves_nothing_behind_for_the_next(items, random):
    blender, taste = Blender(items), taste_of(random, 60)
    first = blender.ranked(taste, 50, novel=True)
    blender.ranked(taste_of(random, 90), 50, novel=False)
    again = blender.ranked(taste, 50, novel=True)
    assert (first.rows.tolist(), first.scores.tolist()) == (
        again.rows.tolist(),
        again.scores.tolist(),
    )


def test_some_rows_asked_for_in_any_order_are_as_likely_as_all_in_theirs(items, random):
    taste = taste_of(random, 60)
    evidence = Signals(items).evidence(taste)
    wanted = Blender(items).probabilities(taste, np.arange(COUNT), evidence)
    blender = Blender(items)
    for rows in (random.permutation(COUNT)[:300], random.permutation(COUNT)):
        found = blender.probabilities(taste, rows, evidence)
        assert found == pytest.approx(wanted[rows], rel=1e-5)


def test_of_somebody_unknown_nothing_is_their_own(items):
    signals = Signals(items)
    nobody = nobodys_taste(items)
    columns = signals.columns(nobody, np.arange(COUNT), signals.evidence(nobody))
    assert not columns[:, 4:].any()

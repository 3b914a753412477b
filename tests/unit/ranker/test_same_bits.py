"""However it is computed, a ranking comes to the same bits: what was decided before replays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.arbitration import assume
from services.ranker.domain.chance import Chance
from services.ranker.domain.features import Evidence
from services.ranker.domain.folding import folding_of
from services.ranker.domain.hashing import FOLD, PAIR, WORD, text_hash
from services.ranker.domain.judgement import judge, sight
from services.ranker.domain.layout import COLUMNS, WEIGHTS
from services.ranker.domain.model import Model, predictive
from services.ranker.domain.seen import features_digest
from services.ranker.domain.situation import Liked
from tests.properties import examples
from tests.unit.ranker.shop import BANNER, BIKES, BOOKS, COUPON, liker, maker, proposed

RIDER = liker(
    BIKES,
    now_us=1_700_000_000_000_000,
    brands=Liked(["brand-1"], [0.5]),
    category_in_mind=BIKES,
    persona="riders",
    age=37,
    segments=["a", "b"],
    attributes=["club=yes", "shoe=43"],
    told=["rain=0"],
    numbers=[("frequency", 3.0), ("monetary", 812.5), ("balance", -4.0)],
    states=["stage=DECIDING"],
    hour=7,
    weekday=1,
    price_sensitivity=0.4,
)
READER = liker(BOOKS)


def evidence(count):
    kinds, counts = np.arange(count) % 5, np.arange(count) * 7 % 11
    return Evidence(kinds, counts, counts * 3)


def judged(situation, *nos, draws=True):
    asked = proposed(*nos)
    object.__setattr__(asked, "evidence", evidence(len(nos)))
    assumed = assume(np.linspace(0.0, 0.2, len(nos)), asked.strengths, np.full(len(nos), 9_000_000))
    sighted = sight(maker().features(asked, situation), assumed)
    model, random = Model(), np.random.default_rng(9)
    model._mean[:] = random.normal(0, 0.2, WEIGHTS)
    model._variance[:] *= random.uniform(0.01, 1, WEIGHTS)
    return model, judge(assumed, sighted, model, Chance(11, 3) if draws else None)


@pytest.mark.parametrize(
    ("situation", "nos", "digest"),
    [
        (RIDER, (1, 2, 15, COUPON, 0), "749caf0e9de7c6627ffd47c9710baa72"),
        (READER, (COUPON, 1, 3), "332a57c56c8b32ad4816d801ad1f4476"),
        (RIDER, (4,), "253606f3be45a03791749be83f939370"),
    ],
)
def test_what_is_seen_is_what_was_seen_when_this_was_written(situation, nos, digest):
    assert features_digest(judged(situation, *nos)[1]).hex() == digest


def mixed(value):
    value ^= value >> 16
    value = value * int(FOLD) & WORD
    value ^= value >> 13
    value = value * 0xC2B2AE35 & WORD
    return value ^ value >> 16


@given(st.lists(st.integers(0, 21), min_size=1, max_size=12))
@examples(30)
def test_groups_are_those_of_their_kind_and_top_category_one_by_one(nos):
    """By the plainest of code: a group and a weight at a time, in whole numbers of Python."""
    made = maker()
    offers = made._entities.columns(np.array(nos))
    crosses = made.features(proposed(*nos), RIDER).crosses
    pairs = list(zip(offers.hash("kind").tolist(), offers.hash("category_1").tolist()))
    keys = [(kind * PAIR + category) & WORD for kind, category in pairs]
    assert crosses.group_of.tolist() == [sorted(set(keys)).index(key) for key in keys]
    at = crosses.columns.tolist().index(
        next(place for place, column in enumerate(COLUMNS) if column.name == "kind_state")
    )
    column, right = COLUMNS[crosses.columns[at]], text_hash("hour=7")
    for candidate, (kind, _) in enumerate(pairs):
        hashed = mixed((kind ^ (right * PAIR + column.start * int(FOLD)) & WORD) & WORD)
        expected = column.start + (hashed & (column.size - 1))
        assert crosses.indices[at, crosses.group_of[candidate]] == expected


@pytest.mark.parametrize("nos", [(1, 2, 15, COUPON), (1, 2, 3), (7,)])
def test_a_judgement_is_that_of_sums_and_draws_one_after_the_other(nos):
    model, found = judged(RIDER, *nos)
    features = found.sighted.features
    crosses, offset = features.crosses, found.sighted.offset
    log_odds = offset + model.means(features.indices)
    log_odds += model.means(crosses.indices)[crosses.group_of]
    variances = model.variance_matrix(features.indices)
    of_groups = model.variance_matrix(crosses.indices).sum(axis=0)
    spread = variances.sum(axis=0) + of_groups[crosses.group_of]
    possible = found.assumed.probability > 0.0
    assert found.probability.tolist() == (predictive(log_odds, spread) * possible).tolist()
    assert found.draws is not None
    assert not found.draws.chances[:, ~possible].any()
    assert judged(RIDER, *nos, draws=False)[1].probability.tolist() == found.probability.tolist()


def test_rows_packed_at_once_are_those_packed_one_by_one():
    _, found = judged(RIDER, 1, 2, 15, COUPON)
    at, positions = [2, 0, 3], [0, 1, 1]
    each = [found.sighted.encoded(*shown) for shown in zip(at, [BANNER] * 3, positions)]
    assert found.sighted.encoded_each(at, BANNER, positions) == each


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(400, 1), (400, 2), (400, 40), (400, 41), (400, 2000), (3, 9), (20_000, 5)],
)
def test_sums_of_however_many_groups_are_those_of_all_at_once(rows, columns):
    model, random = judged(RIDER, 1)[0], np.random.default_rng(rows + columns)
    indices = random.integers(0, WEIGHTS, (rows, columns)).astype(np.uint32)
    learned, variances = model.totals(indices)
    assert learned.tolist() == model.means(indices).tolist()
    assert variances.tolist() == model.variance_matrix(indices).sum(axis=0).tolist()


@pytest.mark.parametrize("columns", [1, 7, 2000, 40_000])
def test_rows_that_are_folded_some_at_a_time_are_those_folded_one_by_one(columns):
    random = np.random.default_rng(columns)
    hashes = random.integers(0, WORD, (9, columns)).astype(np.uint32)
    rights = random.integers(0, WORD, 9).astype(np.uint32)
    places = tuple(range(0, 27, 3))
    together = hashes.copy()
    folding_of(places).fold(together, rights)
    for row, place in enumerate(places):
        alone = hashes[row : row + 1].copy()
        folding_of((place,)).fold(alone, rights[row : row + 1])
        assert together[row].tolist() == alone[0].tolist()

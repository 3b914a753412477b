"""Judging by what was learned: as assumed at first, explained in full, explored by the seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.answers import Outcome
from services.ranker.domain.arbitration import assume
from services.ranker.domain.chance import DRAWS, Chance
from services.ranker.domain.encoding import decode
from services.ranker.domain.explanation import explain
from services.ranker.domain.exploration import Exploration
from services.ranker.domain.judgement import judge, sight
from services.ranker.domain.model import Model
from tests.properties import examples
from tests.unit.ranker.shop import BIKE_NOS, BIKES, BOOK_NOS, BOOKS, PRIOR, liker, maker, proposed

EVERYTHING = [*BIKE_NOS, *BOOK_NOS]


def assumed(count, strength=1.0, lever=1.0):
    prior, worth = np.full(count, PRIOR), np.full(count, 10_000_000)
    return assume(prior, np.full(count, strength), worth, [("of the offer", np.full(count, lever))])


def sighted(situation, *nos, **more):
    return sight(maker().features(proposed(*nos), situation), assumed(len(nos), **more))


def teach(model, situation, nos, rate, rounds, random):
    """Show offers one by one; some are accepted."""
    found = sighted(situation, *nos)
    rows = [decode(found.encoded(at)) for at in range(len(nos))]
    for turn in range(rounds):
        row = rows[turn % len(rows)]
        model.learn(model.number + 1, Outcome.SHOWN, row)
        if random.random() < rate:
            model.learn(model.number + 1, Outcome.ACCEPTED, row)


def expected(model, situation, *nos):
    found = sighted(situation, *nos)
    return judge(assumed(len(nos)), found, model).probability


def test_acceptances_by_some_raise_it_for_unseen_people_like_them_and_not_for_others():
    model, random = Model(), np.random.default_rng(7)
    for _ in range(10):
        teach(model, liker(BIKES), BIKE_NOS, 0.35, 20, random)
        teach(model, liker(BOOKS), BIKE_NOS, PRIOR, 20, random)
    unseen = liker("Cycling > Helmets", has_cart=True)
    assert expected(model, liker(BIKES), *BIKE_NOS).mean() > 5 * PRIOR
    assert expected(model, unseen, *BIKE_NOS).mean() > 2 * PRIOR
    assert expected(model, liker(BOOKS), *BIKE_NOS).mean() < 1.7 * PRIOR
    assert expected(model, liker(BIKES), *BOOK_NOS).mean() < 2 * PRIOR


def test_a_draw_is_repeated_by_its_seed_and_differs_by_another():
    model, random = Model(), np.random.default_rng(1)
    teach(model, liker(BIKES), BIKE_NOS, 0.1, 50, random)
    found, size = sighted(liker(BIKES), *EVERYTHING), assumed(len(EVERYTHING))
    one, again, other = (judge(size, found, model, Chance(seed)) for seed in (5, 5, 6))
    assert one.draws.scores.shape == (DRAWS, len(EVERYTHING))
    assert np.array_equal(one.draws.scores, again.draws.scores)
    assert not np.array_equal(one.draws.scores, other.draws.scores)
    followed = one.decided(Exploration(1.0, 1.0, 0.0, is_tried=True))
    assert np.array_equal(followed.score, one.draws.scores[one.draws.decisive].astype(float))
    kept = one.decided(Exploration(0.5, 1.0, 0.1, is_tried=False))
    assert np.array_equal(kept.score, kept.worth)


def test_draws_are_unbiased_and_narrow_with_what_is_learned():
    few, many, random = Model(), Model(), np.random.default_rng(2)
    teach(few, liker(BIKES), BIKE_NOS, 0.2, 20, random)
    teach(many, liker(BIKES), BIKE_NOS, 0.2, 4000, random)
    spreads = []
    for model in (few, many):
        found = sighted(liker(BIKES), *EVERYTHING)
        judged = judge(assumed(len(EVERYTHING)), found, model, Chance(3))
        drawn = judged.draws.chances
        # Nothing but noise of 64 draws lies between their mean and what is expected.
        assert drawn.mean(axis=0)[:10] == pytest.approx(judged.probability[:10], rel=0.25)
        spreads.append((drawn.std(axis=0) / drawn.mean(axis=0))[:10].mean())
    assert spreads[1] < 0.8 * spreads[0]


def test_the_draws_of_what_is_unknown_are_as_good_on_average_as_it_is_expected_to_be():
    found = sighted(liker(BIKES), *BIKE_NOS)
    known = assumed(len(BIKE_NOS))
    drawn, expected_ = [], None
    for seed in range(400):
        judged = judge(known, found, Model(), Chance(seed))
        expected_ = judged.probability
        drawn.append(judged.draws.chances.mean(axis=0))

    assert np.mean(drawn, axis=0) == pytest.approx(expected_, rel=0.15)


def test_what_all_candidates_share_is_not_explored():
    found = sighted(liker(BIKES), 1)
    judged = judge(assumed(1), found, _taught(), Chance(3))
    assert np.ptp(judged.draws.scores) == 0.0


def _taught():
    model = Model()
    teach(model, liker(BIKES), BIKE_NOS, 0.5, 10, np.random.default_rng(0))
    return model


@examples(60)
@given(
    st.floats(0, 1),
    st.floats(0, 5),
    st.integers(0, 2**64 - 1),
    st.integers(0, 60),
    st.booleans(),
)
def test_contributions_add_up_to_the_score(strength, lever, seed, rounds, samples):
    model = Model()
    teach(model, liker(BIKES), BIKE_NOS, 0.4, rounds, np.random.default_rng(seed % 1000))
    found = sighted(liker(BIKES), 1, 2, 15, strength=strength)
    basis = assumed(3, strength, lever)
    judged = judge(basis, found, model, Chance(seed) if samples else None)
    judged = judged.decided(Exploration(0.5, 1.0, 0.1, is_tried=seed % 2 == 0))
    for at in range(3):
        parts = explain(judged, at, model)
        total = sum(part.value for part in parts)
        if model.number:
            assert total == pytest.approx(judged.score[at], rel=1e-5, abs=1e-9)
        assert len({part.name for part in parts}) == len(parts)
        assert all(part.text for part in parts)


def test_with_nothing_learned_all_is_as_assumed():
    found = sighted(liker(BIKES), *EVERYTHING, strength=0.5)
    judged = judge(assumed(len(EVERYTHING), 0.5), found, Model())
    assert judged.probability == pytest.approx(judged.assumed.probability)


@pytest.mark.parametrize(("positions", "draws"), [(0, 64), (8, 64), (9, 32), (17, 16), (99, 16)])
def test_a_page_of_many_positions_is_filled_less_often(positions, draws):
    assert Chance(1, positions).draws == draws

"""The harness of acceptance: its scores, its folds, and that nothing is learned too early."""

import numpy as np
import pytest

from bench.quality.acceptance.online import foretold, foretold_late, held_out, sights_of
from bench.quality.acceptance.rivals import constant
from bench.quality.acceptance.scores import Resamples, auc, ece, logloss
from bench.quality.acceptance.tables import Answers, Asked, catalogue_of
from bench.quality.acceptance.vehicle import FOLDS, folds
from services.ranker.domain.situation import Situation
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind, Source


def answers(count=300, known_after=0):
    """Make people who accept when it rains."""
    random = np.random.default_rng(3)
    rains = random.random(count) < 0.5
    return Answers(
        asked=[
            Asked(
                1,
                Situation(Channel.APP, ["app.home"], told=[f"rain={'yes' if rain else 'no'}"]),
                Source.OFFER,
            )
            for rain in rains
        ],
        catalogue=catalogue_of([CatalogueRow(offer_no=1, offer_id="o", kind=OfferKind.PROMOTION)]),
        accepted=random.random(count) < np.where(rains, 0.6, 0.1),
        people=np.arange(count) // 3,
        asked_at=np.arange(count),
        known_at=np.arange(count) + known_after,
        numbers=np.zeros((count, 1)),
        texts=np.where(rains, "yes", "no")[:, None],
    )


def test_the_area_counts_ties_half():
    accepted = np.array([True, False, True, False])
    assert auc(accepted, np.array([0.9, 0.1, 0.4, 0.4])) == pytest.approx(3.5 / 4)
    assert auc(accepted, np.full(4, 0.3)) == 0.5


def test_logloss_and_calibration_of_a_coin_called_fairly():
    accepted = np.arange(1000) % 2 == 0
    assert logloss(accepted, np.full(1000, 0.5)) == pytest.approx(np.log(2))
    assert ece(accepted, np.full(1000, 0.5)) == pytest.approx(0.0)
    assert ece(accepted, np.full(1000, 0.8)) == pytest.approx(0.3)


def test_people_are_drawn_whole():
    resamples = Resamples(np.array([1, 1, 1, 2, 2, 2]))
    low, high = resamples.interval(lambda drawn: float((drawn < 3).mean()))
    assert (low, high) == (0.0, 1.0)


def test_one_person_lies_in_one_fold_and_folds_are_of_a_size():
    people = np.repeat(np.arange(200), np.random.default_rng(1).integers(1, 40, 200))
    found = folds(people)
    assert all(len(set(found[people == each])) == 1 for each in range(200))
    sizes = np.bincount(found, minlength=FOLDS)
    assert sizes.max() - sizes.min() <= 40


def test_each_is_foretold_before_it_is_learned_from():
    asked = answers()
    sights = sights_of(asked, prior=0.2)
    found = foretold(asked, sights)
    assert found[0] == pytest.approx(0.2)
    assert auc(asked.accepted[100:], found[100:]) > 0.65
    assert logloss(asked.accepted, found) < logloss(asked.accepted, np.full(300, 0.35))


def test_what_is_not_known_yet_is_not_learned_from():
    asked = answers(known_after=1_000)
    found = foretold_late(asked, sights_of(asked, prior=0.2))
    assert found == pytest.approx(np.full(300, 0.2))


def test_nothing_is_learned_from_what_is_tested():
    asked = answers()
    tested = asked.people >= 50
    before = held_out(asked, sights_of(asked), tested)
    asked.accepted[tested] = ~asked.accepted[tested]
    assert held_out(asked, sights_of(asked), tested).tolist() == before.tolist()
    assert constant(asked, tested)[0] == asked.accepted[~tested].mean()

"""The reliability curve says what probabilities are worth."""

import numpy as np
import pytest

from services.ranker.domain.calibration import BINS, calibration


def test_probabilities_that_hold_have_no_error_and_others_have_their_distance():
    random = np.random.default_rng(2)
    truth = random.random(200_000)
    accepted = random.random(200_000) < truth
    assert calibration(truth, accepted).error < 0.005
    too_high = calibration(np.minimum(truth + 0.1, 1.0), accepted)
    assert too_high.error == pytest.approx(0.1, abs=0.01)


def test_bins_hold_equally_many_and_go_from_the_least_likely_to_the_most():
    curve = calibration(np.linspace(1.0, 0.0, 105), np.ones(105, np.bool_))
    assert len(curve.bins) == BINS
    assert {each.count for each in curve.bins} == {10, 11}
    foretold = [each.foretold for each in curve.bins]
    assert foretold == sorted(foretold)


def test_few_answers_make_few_bins_and_none_make_none():
    assert len(calibration(np.array([0.1, 0.9]), np.array([False, True])).bins) == 2
    nothing = calibration(np.zeros(0), np.zeros(0, np.bool_))
    assert (nothing.bins, nothing.error, nothing.logloss) == ((), 0.0, 0.0)


def test_the_loss_is_that_of_what_happened():
    curve = calibration(np.array([0.5, 0.25]), np.array([True, False]))
    assert curve.logloss == pytest.approx(-(np.log(0.5) + np.log(0.75)) / 2)

"""How good probabilities were, against what the textbooks say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from services.ranker.domain.acceptance_scores import scores


def column(*values):
    return np.array(values, np.float64)


def test_log_loss_and_area_are_those_of_their_definitions():
    found = scores(column(0.9, 0.4, 0.4, 0.2), column(1, 1, 0, 0))
    losses = [-math.log(0.9), -math.log(0.4), -math.log(0.6), -math.log(0.8)]
    assert found.log_loss == pytest.approx(sum(losses) / 4)
    # Of the four pairs of a yes and a no three are in order, and one is tied.
    assert found.auc == pytest.approx(3.5 / 4)


def test_probabilities_that_come_true_are_calibrated_and_others_are_not():
    random = np.random.default_rng(2)
    chances = random.uniform(0.0, 1.0, 20_000)
    accepted = (random.random(20_000) < chances).astype(np.float64)
    assert scores(chances, accepted).calibration_error < 0.02
    assert scores(chances**2, accepted).calibration_error > 0.1


def test_where_all_or_none_was_accepted_there_is_no_order_to_be_right_about():
    assert scores(column(0.9, 0.1), column(1, 1)).auc == 0.5
    assert scores(column(0.0, 1.0), column(1, 0)).log_loss == pytest.approx(-math.log(1e-6))

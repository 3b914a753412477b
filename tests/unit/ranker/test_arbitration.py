"""Arbitration is acceptance probability x value x lever, from what is assumed."""

import numpy as np
import pytest

from services.ranker.domain.arbitration import assume
from services.ranker.domain.judgement import as_assumed
from services.ranker.domain.priors import Prior, PriorTable

PRODUCT, PROMOTION, POPULAR, IN_SESSION = 1, 2, 12, 6


def judged(prior=0.1, strength=1.0, value=10.0, lever=1.0):
    return as_assumed(
        assume(
            np.array([prior]),
            np.array([strength]),
            np.array([int(value * 1e6)]),
            [("of the offer", np.array([lever]))],
        )
    )


def test_the_score_is_probability_times_value_times_lever():
    judgement = judged(prior=0.2, strength=0.5, value=30.0, lever=2.0)
    assert judgement.probability[0] == pytest.approx(0.1)
    assert judgement.score[0] == pytest.approx(6.0)


def test_what_a_lever_is_made_of_is_told_as_far_as_it_says_anything():
    ones, two, half = np.ones(2), np.array([2.0, 1.0]), np.array([0.5, 1.0])
    levers = [("of the offer", ones), ("set by hand", two), ("by rules", half)]
    found = assume(ones, ones, np.array([1, 1]), levers)
    assert found.lever.tolist() == [1.0, 1.0]
    assert found.lever_told(0) == "lever 1: 2 set by hand x 0.5 by rules"
    assert found.lever_told(1) == "lever 1"


def test_evidence_never_makes_acceptance_likelier_than_its_prior():
    assert judged(strength=7.0).probability[0] == pytest.approx(0.1)
    assert judged(strength=-1.0).probability[0] == 0.0


def test_an_offer_that_loses_money_is_worth_nothing():
    assert judged(value=-5.0).score[0] == 0.0


def test_a_source_of_its_own_outranks_any_source_whatever_the_order():
    rows = [Prior(PRODUCT, IN_SESSION, 0.3), Prior(PRODUCT, 0, 0.1)]
    for table in (PriorTable(rows), PriorTable(rows[::-1])):
        found = table.probabilities(np.array([PRODUCT, PRODUCT]), np.array([IN_SESSION, POPULAR]))
        assert found.tolist() == [0.3, 0.1]


def test_a_kind_without_a_prior_is_never_accepted():
    table = PriorTable([Prior(PRODUCT, 0, 0.1)])
    assert table.probabilities(np.array([PROMOTION]), np.array([POPULAR])).tolist() == [0.0]


@pytest.mark.parametrize(
    "prior", [Prior(PRODUCT, 0, 1.1), Prior(PRODUCT, 0, -0.1), Prior(0, 0, 0.5), Prior(1, 99, 0.5)]
)
def test_an_impossible_prior_is_refused(prior):
    with pytest.raises(ValueError, match="prior"):
        PriorTable([prior])

"""Arbitration is acceptance probability x value x lever, and its parts add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.domain.arbitration import arbitrate
from services.ranker.domain.priors import Prior, PriorTable

PRODUCT, PROMOTION, POPULAR, IN_SESSION = 1, 2, 12, 6


def arbitration(prior=0.1, strength=1.0, value=10.0, lever=1.0):
    return arbitrate(
        np.array([prior]), np.array([strength]), np.array([int(value * 1e6)]), np.array([lever])
    )


def test_the_score_is_probability_times_value_times_lever():
    scored = arbitration(prior=0.2, strength=0.5, value=30.0, lever=2.0)
    assert scored.probability[0] == pytest.approx(0.1)
    assert scored.score[0] == pytest.approx(6.0)


def test_evidence_never_makes_acceptance_likelier_than_its_prior():
    assert arbitration(strength=7.0).probability[0] == pytest.approx(0.1)
    assert arbitration(strength=-1.0).probability[0] == 0.0


def test_an_offer_that_loses_money_is_worth_nothing():
    assert arbitration(value=-5.0).score[0] == 0.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1e5), st.floats(0, 10))
def test_the_parts_of_a_score_add_up_to_it(prior, strength, value, lever):
    scored = arbitration(prior, strength, value, lever)
    assert sum(scored.parts(0)) == pytest.approx(scored.score[0], abs=1e-9)


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

"""Trying things out never costs more than its share, and is told with its exact probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ranker.definitions import RankingTerms, compile_bundle
from services.ranker.domain.answers import Outcome
from services.ranker.domain.encoding import decode
from services.ranker.domain.exploration import ExplorationTotals, bounded
from services.ranker.domain.model import Model
from services.ranker.ranking import Ranker
from tests.properties import examples
from tests.unit.ranker.shop import BANNER, BIKE_NOS, BOOK_NOS, definitions, shop
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder
from touchpoint.rules.v1.rules_pb2 import Bundle

EVERYTHING = [*BIKE_NOS, *BOOK_NOS]
COMMON = SlateConstraint(attribute="BRAND", at_most=2)
SHARE = SlateConstraint(
    placement=BANNER, attribute="OFFER", value="item-3", share={"share": 0.3, "position": 1}
)


def asked(seed, limit=3, constraints=(), standing=(), places=1):
    found = pb.RankRequest(
        candidates=Candidates(
            offer_nos=EVERYTHING,
            sources=[Source.POPULAR] * len(EVERYTHING),
            scores=[1.0] * len(EVERYTHING),
        ),
        placement_bits=[(1 << places) - 1] * len(EVERYTHING),
        constraints=constraints,
        standing=standing,
    )
    found.context.seed = seed
    names = [BANNER, "web.cart"][:places]
    found.context.placements.extend(PlacementAsk(placement=each, limit=limit) for each in names)
    return found


def taught(rows=30, rate=0.5):
    """Make a ranker whose model has seen a few answers."""
    model, catalogue = Model(), shop()
    ranker = Ranker(catalogue, lambda: model)
    random = np.random.default_rng(3)
    for turn in range(rows):
        ranking = ranker.rank(asked(turn), definitions())
        row = decode(ranking.judgement.sighted.encoded(turn % len(EVERYTHING)))
        model.learn(model.number + 1, Outcome.SHOWN, row)
        if random.random() < rate:
            model.learn(model.number + 1, Outcome.ACCEPTED, row)
    return ranker


RANKER = taught()

shares_of = st.lists(st.floats(0, 1), min_size=4, max_size=4).map(np.array)


worths = shares_of.map(lambda each: 10 * each)


@given(shares_of, shares_of, worths, st.floats(0, 1), st.floats(0, 1))
def test_what_is_expected_to_be_lost_is_never_above_the_share(best, drawn, worth, most, coin):
    found = bounded([best], [drawn], worth, most, coin)
    assert 0.0 <= found.probability <= 1.0
    assert found.probability * found.costs <= most * found.earns + 1e-9
    assert found.cost_share <= most + 1e-9
    assert found.is_tried == (coin < found.probability)


def test_what_costs_little_is_always_tried_and_what_costs_much_seldom():
    best, worth = np.array([1.0, 0.0]), np.array([10.0, 5.0])
    cheap = bounded([best], [np.array([0.9, 0.1])], worth, 0.05, 0.99)
    assert (cheap.probability, cheap.is_tried) == (1.0, True)
    dear = bounded([best], [np.array([0.0, 1.0])], worth, 0.05, 0.99)
    assert (dear.probability, dear.is_tried) == (pytest.approx(0.1), False)
    assert dear.cost_share == pytest.approx(0.05)


@examples(60)
@given(
    st.integers(0, 2**64 - 1),
    st.sampled_from([0.001, 0.01, 0.05, 0.5, 1.0]),
    st.sampled_from([(), (COMMON,), (SHARE,), (COMMON, SHARE)]),
    st.integers(1, 2),
)
def test_the_bound_holds_on_every_page_and_probabilities_add_up(seed, most, constraints, places):
    request = asked(seed, constraints=constraints, places=places)
    ranking = RANKER.rank(request, definitions(), RankingTerms(most))
    exploration = ranking.judgement.exploration
    assert exploration.cost_share <= most + 1e-9
    for share, slate in zip(ranking.shares, ranking.slates, strict=True):
        assert ((share >= 0) & (share <= 1 + 1e-9)).all()
        assert share.sum() == pytest.approx(len(slate.chosen))
        assert all(share[at] > 0 for at in slate.chosen)


@pytest.mark.parametrize(
    ("seeds", "most", "constraints"),
    [
        (400, 0.02, (COMMON, SHARE)),
        (400, 1.0, ()),
        *(
            pytest.param(1500, most, constraints, marks=pytest.mark.long)
            for most in (0.002, 0.02, 1.0)
            for constraints in ((), (COMMON, SHARE))
        ),
    ],
)
def test_the_frequency_over_seeds_is_the_probability_told(seeds, most, constraints):
    shown, told, tried = np.zeros(len(EVERYTHING)), np.zeros(len(EVERYTHING)), 0
    for seed in range(seeds):
        request = asked(seed, constraints=constraints)
        ranking = RANKER.rank(request, definitions(), RankingTerms(most))
        shown[ranking.slates[0].chosen] += 1
        told += ranking.shares[0]
        tried += ranking.judgement.exploration.is_tried
    # Four standard errors of a share over so many seeds.
    assert np.abs(shown - told).max() / seeds < 4 * 0.5 / np.sqrt(seeds)
    assert tried == seeds if most == 1.0 else 0 < tried < seeds


def test_a_share_of_nothing_switches_it_off():
    ranking = RANKER.rank(asked(1), definitions(), RankingTerms(0.0))
    assert (ranking.judgement.draws, ranking.judgement.exploration) == (None, None)
    assert ranking.selection_probability(0, ranking.slates[0].chosen[0]) == 1.0


def test_what_stands_is_shown_for_sure_and_pays_for_nothing():
    order = StandingOrder(placement=BANNER, offer_nos=[20, 19, 18], exact=True)
    request = asked(1, standing=[order], places=2)
    ranking = RANKER.rank(request, definitions(), RankingTerms(0.05))
    assert [EVERYTHING[at] for at in ranking.slates[0].chosen] == [20, 19, 18]
    assert ranking.selection_probability(0, ranking.slates[0].chosen[0]) == 1.0
    worth = ranking.judgement.worth
    free = sorted(np.delete(worth, ranking.slates[0].chosen))[-3:]
    assert ranking.judgement.exploration.earns == pytest.approx(sum(free))


def test_priors_alone_draw_nothing_and_are_still_learned_from():
    ranking = RANKER.rank(asked(1), definitions(), RankingTerms(0.05, priors_only=True))
    assert ranking.shares is None
    assert ranking.judgement.probability == pytest.approx(ranking.judgement.assumed.probability)
    assert ranking.judgement.sighted is not None


def test_terms_may_leave_levers_out():
    request = asked(1)
    request.levers.extend([2.0] * len(EVERYTHING))
    for terms, lever in ((RankingTerms(0.0), 2.0), (RankingTerms(0.0, levers=False), 1.0)):
        judgement = RANKER.rank(request, definitions(), terms).judgement
        assert set(judgement.assumed.lever.tolist()) == {lever}


def test_the_share_is_that_of_the_definitions():
    assert compile_bundle(Bundle(parameters={"exploration": "7%"})).terms.exploration == 0.07
    assert compile_bundle(Bundle()).terms.exploration == 0.02


def test_totals_tell_what_trying_cost_of_all_that_could_be_earned():
    totals = ExplorationTotals()
    best, worth = np.array([1.0, 0.0]), np.array([10.0, 5.0])
    for coin in (0.0, 0.99):
        totals.add(bounded([best], [np.array([0.0, 1.0])], worth, 0.05, coin))
    assert (totals.pages, totals.tried) == (2, 1)
    assert totals.cost_share == pytest.approx(0.05)
    assert ExplorationTotals().cost_share == 0.0


@pytest.mark.parametrize("most", [pytest.param(0.002, marks=pytest.mark.long), 0.02])
def test_pages_that_are_compared_follow_a_draw_both_or_neither(most):
    """What comes about by chance differs in no more than the one candidate that is left out."""
    terms = RankingTerms(most)
    flipped = 0
    for seed in range(300):
        whole = RANKER.rank(asked(seed), definitions(), terms)
        is_tried = whole.judgement.exploration.is_tried
        gone = whole.slates[0].chosen[0]
        without = asked(seed)
        without.placement_bits[gone] = 0
        flipped += RANKER.rank(without, definitions(), terms).judgement.exploration.is_tried != (
            is_tried
        )
        without.tried = is_tried
        page = RANKER.rank(without, definitions(), terms)
        assert page.judgement.exploration.is_tried == is_tried
        assert set(whole.slates[0].chosen) - set(page.slates[0].chosen) == {gone}
    assert flipped  # left to chance, some would not

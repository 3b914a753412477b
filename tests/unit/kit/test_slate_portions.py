"""A fixed share of the slates is just that share, by seed, and the probability told says so."""

from math import comb, exp, log, log1p

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import Catalogue
from shared.errors import InvalidArgument
from shared.slate import read_page
from shared.slate.portions import LINE, point_of
from tests.properties import examples
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, SlateCause, Source
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder

PLACE = "web.home.banner"
NOS = np.arange(1, 7)
SUMMER, WINTER = 5, 6
SEEDS = 20_000


@pytest.fixture(scope="module")
def catalogue():
    kinds = [OfferKind.PRODUCT] * 4 + [OfferKind.PROMOTION] * 2
    rows = [
        CatalogueRow(offer_no=no, offer_id=f"offer-{no}", kind=kind)
        for no, kind in enumerate(kinds, start=1)
    ]
    found = Catalogue()
    found.apply(CatalogueBatch(version=1, rows=rows))
    return found


def share_of(offer_no, share, position=1, placement=PLACE):
    return SlateConstraint(
        placement=placement,
        attribute="OFFER",
        value=f"offer-{offer_no}",
        rule=f"share of {offer_no}",
        share={"share": share, "position": position},
    )


def page(catalogue, seed, constraints, *, standing=(), sources=(), places=(PLACE,)):
    context = DecisionContext(
        seed=seed, placements=[{"placement": name, "limit": 3} for name in places]
    )
    bits = np.full(len(NOS), 2 ** len(places) - 1, np.uint32)
    found = sources or [Source.POPULAR] * len(NOS)
    return read_page(NOS, bits, found, context, standing, constraints, catalogue)


def shown(filled, scores=(6, 5, 4, 3, 2, 1)):
    return [[int(NOS[at]) for at in slate.chosen] for slate in filled.fill(np.array(scores, float))]


def tail(count, share, hits):
    """Return the probability of so many hits or fewer among `count`, each of them by chance."""
    hit, miss = log(share), log1p(-share)
    return sum(exp(log(comb(count, k)) + k * hit + (count - k) * miss) for k in range(hits + 1))


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
def test_over_thousands_of_seeds_the_share_is_within_its_exact_bound(catalogue, share):
    """Neither tail of the binomial distribution, worked out exactly, is below 1 in 10,000."""
    seeds = 2_000
    hits = sum(
        SUMMER in shown(page(catalogue, seed, [share_of(SUMMER, share)]))[0]
        for seed in range(seeds)
    )
    assert tail(seeds, share, hits) > 1e-4
    assert tail(seeds, 1 - share, seeds - hits) > 1e-4


def test_points_are_spread_evenly_over_the_line_whatever_the_seeds():
    """Kolmogorov's bound for one in a million."""
    for seeds in (range(SEEDS), range(0, SEEDS << 32, 1 << 32), range(2**64 - SEEDS, 2**64)):
        points = np.sort([point_of(seed) for seed in seeds]) / LINE
        gaps = np.abs(points - np.arange(1, SEEDS + 1) / SEEDS)
        assert gaps.max() < np.sqrt(np.log(2e6) / 2 / SEEDS) + 1 / SEEDS


def test_the_probability_told_is_the_share_itself_in_every_decision(catalogue):
    constraints = [share_of(SUMMER, 0.2), share_of(WINTER, 0.35)]
    scores = np.random.default_rng(1).random((64, len(NOS)), np.float32)
    for seed in range(50):
        [shares] = page(catalogue, seed, constraints).shares(scores)
        assert shares[SUMMER - 1] == pytest.approx(0.2, abs=1e-12)
        assert shares[WINTER - 1] == pytest.approx(0.35, abs=1e-12)
        assert shares.sum() == pytest.approx(3.0, abs=1e-9)


@examples(50)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=2), st.integers(0, 2**64 - 1))
def test_the_probabilities_told_are_those_of_all_points_of_the_line(catalogue, percents, seed):
    constraints = [
        share_of(offer_no, percent / 100)
        for offer_no, percent in zip((SUMMER, WINTER), percents, strict=False)
    ]
    drawn = page(catalogue, seed, constraints)
    scores = np.array([[6, 5, 4, 3, 2, 1]], np.float32)
    [shares] = drawn.shares(scores)
    counted = np.zeros(len(NOS))
    for turn in drawn.turns:
        other = type(drawn)(drawn.place_bits, drawn.families, turn.places, drawn.demands)
        [slate] = other.fill(scores[0].astype(float))
        counted[slate.chosen] += turn.weight
    assert shares == pytest.approx(counted)
    assert sum(turn.weight for turn in drawn.turns) == pytest.approx(1.0)


def test_a_share_is_shown_at_its_position_and_says_why(catalogue):
    seed = next(seed for seed in range(999) if point_of(seed) < LINE // 2)
    drawn = page(catalogue, seed, [share_of(WINTER, 0.5, position=2)])
    [slate] = drawn.fill(np.array([6, 5, 4, 3, 2, 1], float))
    assert [int(NOS[at]) for at in slate.chosen] == [1, WINTER, 2]
    assert slate.causes[1] == (SlateCause.SHARE, f"share of {WINTER}")


def test_outside_of_its_turn_a_share_is_not_shown_however_good_it_is(catalogue):
    seed = next(seed for seed in range(999) if point_of(seed) >= LINE // 2)
    drawn = page(catalogue, seed, [share_of(WINTER, 0.5)])
    assert shown(drawn, scores=(1, 2, 3, 4, 5, 6)) == [[5, 4, 3]]


def test_two_shares_of_one_placement_never_meet(catalogue):
    constraints = [share_of(SUMMER, 0.5), share_of(WINTER, 0.5)]
    for seed in range(200):
        [slate] = shown(page(catalogue, seed, constraints))
        assert len({SUMMER, WINTER} & set(slate)) == 1


def test_a_share_of_all_slates_is_a_pin(catalogue):
    for seed in range(50):
        assert shown(page(catalogue, seed, [share_of(SUMMER, 1.0)]))[0][0] == SUMMER


def test_one_offer_keeps_its_share_of_two_placements_of_one_page(catalogue):
    constraints = [
        share_of(SUMMER, 0.3, placement="one"),
        share_of(SUMMER, 0.4, placement="two"),
    ]
    scores = np.random.default_rng(2).random((8, len(NOS)), np.float32)
    shares = page(catalogue, 7, constraints, places=("one", "two")).shares(scores)
    assert [share[SUMMER - 1] for share in shares] == pytest.approx([0.3, 0.4])


def test_what_a_journey_proposes_or_what_stands_is_not_held_back_by_a_share(catalogue):
    sources = [Source.POPULAR] * 4 + [Source.JOURNEY, Source.OFFER]
    constraints = [share_of(SUMMER, 0.01)]
    seed = next(seed for seed in range(999) if point_of(seed) > LINE // 2)
    best_last = (1, 2, 3, 4, 6, 5)
    assert shown(page(catalogue, seed, constraints, sources=sources), best_last)[0][0] == SUMMER
    leading = StandingOrder(placement=PLACE, offer_nos=[SUMMER])
    assert shown(page(catalogue, seed, constraints, standing=[leading]))[0][0] == SUMMER


def test_without_shares_nothing_is_left_open(catalogue):
    assert page(catalogue, 1, []).turns == ()


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_a_share_that_is_none_is_refused_with_its_path(catalogue, share):
    with pytest.raises(InvalidArgument) as refused:
        page(catalogue, 1, [share_of(SUMMER, share)])
    assert refused.value.violations[0].field == "constraints[0].share.share"

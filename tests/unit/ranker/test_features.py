"""What the model sees is the same on every replica, and of those alike."""

import dataclasses

import numpy as np
import pytest

from services.ranker.domain.layout import COLUMNS, WEIGHTS, Group
from services.ranker.domain.situation import Liked, Situation
from tests.unit.ranker.shop import (
    BANNER,
    BIKE_NOS,
    BIKES,
    BOOK_NOS,
    BOOKS,
    COUPON,
    liker,
    maker,
    proposed,
    shop,
)
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind


def seen(situation, *nos, catalogue=None):
    return maker(catalogue).features(proposed(*nos), situation)


def test_replicas_that_learned_of_categories_in_another_order_see_the_same():
    one = seen(liker(BIKES), 1, 15, COUPON)
    other = seen(liker(BIKES), 1, 15, COUPON, catalogue=shop(order="backwards"))
    assert one.indices.tolist() == other.indices.tolist()


def test_each_feature_lies_in_the_region_of_its_column():
    features = seen(liker(BIKES, segments=["a", "b"], persona="p", age=40), *range(1, 22))
    for row, place in zip(features.indices, features.columns, strict=True):
        column = COLUMNS[place]
        assert column.start <= row.min() <= row.max() < column.start + column.size <= WEIGHTS


def test_groups_partition_the_rows():
    features = seen(liker(BIKES, segments=["a"]), 1)
    belongs = np.array([features.of_group(group) for group in Group])
    assert belongs.shape[1] == len(features.of_candidate(0))
    assert (belongs.sum(axis=0) == 1).all()


def test_people_alike_are_seen_alike_whoever_they_are():
    assert np.array_equal(seen(liker(BIKES), 1).indices, seen(liker(BIKES), 1).indices)


@pytest.mark.parametrize(
    "changed",
    [
        {"value_tier": "top"},
        {"recency_days": 400.0},
        {"has_cart": True},
        {"assurance": 3},
        {"categories": Liked([BOOKS], [0.6])},
        {"categories": Liked([BIKES], [0.1])},
        {"brands": Liked(["brand-1"], [0.5])},
        {"category_in_mind": BIKES},
        {"persona": "gardener"},
        {"segments": ["s"]},
        {"age": 30},
        {"attributes": ["a=b"]},
        {"channel": 8},
        {"placements": ["agent.prompt"]},
    ],
)
def test_every_trait_is_seen(changed):
    plain = liker(BIKES)
    other = dataclasses.replace(plain, **changed)
    assert sorted(seen(plain, 1).indices[:, 0]) != sorted(seen(other, 1).indices[:, 0])


def test_what_tastes_have_in_common_is_seen_of_those_who_have_one():
    """Of two who like different things their own categories are seen alike, others are not."""
    place = next(at for at, each in enumerate(COLUMNS) if each.name == "kind_taste")
    own, other = (seen(liker(taste), 1, 15) for taste in (BIKES, BOOKS))
    (of_bikes, books), (bikes, of_books) = (
        each.indices[each.columns.tolist().index(place)] for each in (own, other)
    )
    assert of_bikes == of_books != bikes
    assert books == bikes
    assert place not in seen(Situation(1, [BANNER]), 1).columns


def test_the_order_of_segments_means_nothing():
    one, other = (liker(BIKES, segments=names) for names in (["a", "b"], ["b", "a"]))
    assert sorted(seen(one, 1).indices[:, 0]) == sorted(seen(other, 1).indices[:, 0])


def test_a_promotion_is_seen_as_of_the_category_it_is_about():
    features = seen(liker(BIKES), COUPON, 1)
    category = next(place for place, each in enumerate(COLUMNS) if each.name == "category_2")
    row = features.columns.tolist().index(category)
    assert features.indices[row, 0] == features.indices[row, 1]


def test_nobody_known_and_nothing_proposed_are_seen_too():
    assert seen(Situation(1, [BANNER]), 1).indices.shape[1] == 1
    assert seen(Situation(1, [BANNER])).indices.shape[1] == 0


@pytest.mark.parametrize("number", [-1, -(1 << 31), (1 << 31) - 1])
def test_a_channel_and_an_assurance_that_nobody_knows_are_values_as_well(number):
    odd = seen(Situation(number, [BANNER], assurance=number), 1)
    assert sorted(odd.indices[:, 0]) != sorted(seen(Situation(1, [BANNER]), 1).indices[:, 0])


def test_what_the_catalogue_changes_is_seen_at_once():
    catalogue, everything = shop(), proposed(*BIKE_NOS, *BOOK_NOS, COUPON, 0)
    kept, rider = maker(catalogue), liker(BIKES)
    before = kept.features(everything, rider).indices
    dearer = CatalogueRow(
        offer_no=3, offer_id="item-3", kind=OfferKind.PRODUCT, category=BOOKS, price_micros=1
    )
    version = catalogue.version
    batch = CatalogueBatch(previous_version=version, version=version + 1, rows=[dearer])
    catalogue.apply(batch)
    after = kept.features(everything, rider).indices
    assert (before != after).any(axis=0).nonzero()[0].tolist() == [2]
    assert after.tolist() == maker(catalogue).features(everything, rider).indices.tolist()


def test_what_joins_a_catalogue_that_grows_is_seen():
    catalogue = shop()
    kept, rider = maker(catalogue), liker(BIKES)
    kept.features(proposed(1), rider)
    newest = 2 * len(catalogue.kind)
    row = CatalogueRow(offer_no=newest, offer_id="newest", kind=OfferKind.PRODUCT, category=BIKES)
    version = catalogue.version
    catalogue.apply(CatalogueBatch(previous_version=version, version=version + 1, rows=[row]))
    found = kept.features(proposed(newest, 1), rider).indices
    assert found.tolist() == maker(catalogue).features(proposed(newest, 1), rider).indices.tolist()

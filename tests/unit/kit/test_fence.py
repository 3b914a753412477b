"""What lies within fenced categories, and what the fence keeps out."""

import numpy as np
import pytest

from shared.catalogue import Catalogue, Fence
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

NAMES = ("tv", "cable", "wine", "odd", "about tv", "about wine and cable", "about nothing")


@pytest.fixture
def catalogue():
    def item(number, category):
        return CatalogueRow(offer_no=number, kind=OfferKind.PRODUCT, category=category)

    def offer(number, **about):
        return CatalogueRow(offer_no=number, kind=OfferKind.PROMOTION, **about)

    rows = [
        item(1, "Video > TV > 4K"),
        item(2, "Video > Cables"),
        item(3, "Food > Wine"),
        item(4, ""),
        offer(5, about_categories=["Video > TV"]),
        offer(6, about_categories=["Food > Wine"], about_nos=[2]),
        offer(7),
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(previous_version=0, version=1, rows=rows))
    return made


@pytest.mark.parametrize(
    ("within", "without", "held"),
    [
        (["Video"], [], {"tv", "cable", "about tv", "about wine and cable", "about nothing"}),
        (["Video > TV"], [], {"tv", "about tv", "about nothing"}),
        (["Video > TV", "Food"], ["Video > TV > 4K"], {"wine", "about tv", "about wine and cable"}),
        ([], ["Food"], {"tv", "cable", "odd", "about tv"}),
        (["Garden"], [], set()),
        ([], ["Garden"], set(NAMES)),
    ],
)
def test_an_item_is_where_its_category_is_and_an_offer_what_it_is_about(
    catalogue, within, without, held
):
    fence = Fence.of(within, without)
    few = fence.holds(catalogue, np.arange(1, 8)).tolist()
    assert {name for name, is_held in zip(NAMES, few, strict=True) if is_held} == held | {
        "about nothing"
    }
    assert fence.holds(catalogue, slice(0, 8)).tolist()[1:] == few


def test_equal_fences_are_one_and_none_is_none():
    assert Fence.of(["a", "b", "a"], ["c"]) == Fence.of(["b", "a"], ["c"])
    assert Fence.of(["a"], []) != Fence.of([], ["a"])
    assert Fence.of([], []) is None

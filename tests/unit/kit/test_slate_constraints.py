"""Constraints that come as data are read as groups of the candidates."""

import numpy as np
import pytest

from shared.catalogue import Catalogue
from shared.errors import InvalidArgument
from shared.slate.constraints import demands, places
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.common.v1.vocabulary_pb2 import OfferKind
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint, StandingOrder

NOS = np.array([1, 2, 3, 4, 0], np.int64)
ASKS = [PlacementAsk(placement="web.home.banner", limit=3), PlacementAsk(placement="web.cart")]


def row(number: int, kind: OfferKind.Value.ValueType, **facts) -> CatalogueRow:
    return CatalogueRow(offer_no=number, offer_id=f"offer-{number}", kind=kind, **facts)


@pytest.fixture
def catalogue() -> Catalogue:
    rows = [
        row(1, OfferKind.PRODUCT, family_no=1, category="A > B > C", brand="Acme"),
        row(2, OfferKind.PRODUCT, family_no=1, category="A > D", brand="Bolt"),
        row(3, OfferKind.PRODUCT, family_no=3, category="E"),
        row(4, OfferKind.PROMOTION),
    ]
    found = Catalogue()
    found.apply(CatalogueBatch(version=1, rows=rows))
    return found


def groups(catalogue, **constraint):
    [limit] = demands([SlateConstraint(at_most=1, **constraint)], ASKS, NOS, catalogue).every
    return [int(group) for group in limit.groups]


def text(catalogue, number):
    return catalogue.categories.text(number)


def test_categories_count_by_their_ancestor_at_the_depth(catalogue):
    found = groups(catalogue, attribute="CATEGORY", depth=2)
    assert [text(catalogue, number) for number in found] == ["A > B", "A > D", "E", "", ""]
    found = groups(catalogue, attribute="CATEGORY")
    assert [text(catalogue, number) for number in found] == ["A", "A", "E", "", ""]


def test_a_category_that_came_later_counts_too(catalogue):
    groups(catalogue, attribute="CATEGORY", depth=2)
    late = row(4, OfferKind.PROMOTION, category="F > G > H")
    catalogue.apply(CatalogueBatch(previous_version=1, version=2, rows=[late]))
    assert text(catalogue, groups(catalogue, attribute="CATEGORY", depth=2)[3]) == "F > G"


def test_of_a_value_only_what_has_it_counts_and_counts_together(catalogue):
    assert groups(catalogue, attribute="CATEGORY", value="A") == [1, 1, 0, 0, 0]
    assert groups(catalogue, attribute="BRAND", value="Bolt") == [0, 1, 0, 0, 0]
    assert groups(catalogue, attribute="KIND", value="PROMOTION") == [0, 0, 0, 1, 0]


def test_a_value_that_nothing_has_is_not_remembered(catalogue):
    known = len(catalogue.categories), len(catalogue.brands)
    assert groups(catalogue, attribute="CATEGORY", value="nowhere") == [0] * 5
    assert groups(catalogue, attribute="BRAND", value="nobody") == [0] * 5
    assert (len(catalogue.categories), len(catalogue.brands)) == known


def test_what_has_no_brand_or_family_does_not_count(catalogue):
    acme, bolt, *others = groups(catalogue, attribute="BRAND")
    assert acme != bolt
    assert others == [0, 0, 0]
    assert groups(catalogue, attribute="FAMILY") == [1, 1, 3, 0, 0]


def test_a_constraint_holds_for_its_placement_for_the_page_or_not_here(catalogue):
    constraints = [
        SlateConstraint(attribute="KIND", at_most=1, placement="web.cart"),
        SlateConstraint(attribute="KIND", at_most=2),
        SlateConstraint(attribute="KIND", at_most=3, placement="ivr.menu"),
    ]
    found = demands(constraints, ASKS, NOS, catalogue).every
    assert [(limit.place, limit.at_most) for limit in found] == [(1, 1), (-1, 2)]


def test_an_unknown_attribute_is_refused_with_its_path(catalogue):
    with pytest.raises(InvalidArgument) as refused:
        groups(catalogue, attribute="COLOUR")
    assert refused.value.violations[0].field == "constraints[0].attribute"


def test_a_standing_order_is_told_by_index_without_what_is_no_candidate():
    order = StandingOrder(placement="web.cart", offer_nos=[3, 77, 1], exact=True)
    banner, cart = places(ASKS, [order], NOS)
    assert (banner.limit, banner.standing, banner.exact) == (3, (), False)
    assert (cart.standing, cart.exact) == ((2, 0), True)

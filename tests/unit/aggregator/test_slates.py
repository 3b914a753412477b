"""What stands in where a service did not answer."""

import numpy as np

from services.aggregator.domain.placements import Ask, Placement
from services.aggregator.domain.slates import (
    Choice,
    PlacementSlate,
    order_times_value,
    unreserved,
    with_defaults,
)
from services.aggregator.domain.vocabulary import Channel, Kind, Source
from shared.catalogue import Catalogue
from shared.slate import Refilling
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import PlacementAsk
from touchpoint.ranker.v1.ranker_pb2 import SlateConstraint

KINDS = {1: Kind.PRODUCT, 2: Kind.PRODUCT, 3: Kind.PROMOTION, 4: Kind.CONTENT, 5: Kind.CONTENT}


def ask(name="p", limit=2, contact_kinds=()):
    return Ask(Placement(name, Channel.WEB, limit, contact_kinds=frozenset(contact_kinds)), limit)


def slate(*chosen, following=()):
    make = [Choice(no, Source.POPULAR) for no in chosen]
    return PlacementSlate(make, [Choice(no, Source.POPULAR) for no in following])


def shown(slates):
    return [[choice.offer_no for choice in one.chosen] for one in slates]


def is_product(no):
    return KINDS[no] == Kind.PRODUCT


def open_page(slates, asks, **constraint):
    rows = [
        CatalogueRow(offer_no=no, offer_id=f"o{no}", kind=int(kind)) for no, kind in KINDS.items()
    ]
    catalogue = Catalogue()
    catalogue.apply(CatalogueBatch(version=1, rows=rows))
    constraints = [SlateConstraint(**constraint)] if constraint else []
    asked = [PlacementAsk(placement=each.placement.name, limit=each.limit) for each in asks]
    refilling = Refilling(catalogue, constraints, asked)
    return unreserved(slates, asks, KINDS.__getitem__, refilling.refill)


def test_order_counts_by_reciprocal_rank_and_value_decides_among_neighbours():
    value = np.array([10_000_000, 30_000_000, 20_000_000], np.int64)
    scores = order_times_value(value, np.ones(3))
    assert scores.tolist() == [10.0, 15.0, 20.0 / 3]


def test_a_lever_multiplies_and_a_negative_value_is_nothing():
    value = np.array([10_000_000, -5_000_000], np.int64)
    assert order_times_value(value, np.array([0.5, 1.0])).tolist() == [5.0, 0.0]


def test_without_a_commit_contacts_and_promotions_are_dropped_and_the_rest_stays():
    page = open_page([slate(1, 3, 4)], [ask(contact_kinds=[Kind.CONTENT])])
    assert shown(page) == [[1]]


def test_without_a_commit_kinds_that_are_no_contact_there_stay():
    page = open_page([slate(1, 4)], [ask()])
    assert shown(page) == [[1, 4]]


def test_what_was_dropped_is_replaced_by_what_follows_and_marked():
    page = open_page([slate(3, 1, following=[4, 2])], [ask()])
    assert shown(page) == [[4, 1]]
    assert [choice.replaced for choice in page[0].chosen] == [True, False]


def test_what_fills_up_keeps_to_what_its_slate_must_keep_to():
    page = open_page(
        [slate(3, 4, following=[5, 2])], [ask()], placement="p", attribute="KIND", at_most=1
    )
    assert shown(page) == [[2, 4]]


def test_two_placements_are_not_filled_up_with_the_same_offer():
    page = open_page([slate(3, following=[1]), slate(3, following=[1, 2])], [ask("a"), ask("b")])
    assert shown(page) == [[1], [2]]


def test_a_default_offer_needs_no_commit():
    page = open_page([PlacementSlate([Choice(3, Source.DEFAULT)])], [ask()])
    assert shown(page) == [[3]]


def test_an_empty_placement_gets_its_defaults_up_to_its_limit():
    filled = with_defaults([slate()], [ask(limit=1)], {"p": [4, 5]}, is_product)
    assert shown(filled) == [[4]]
    assert filled[0].chosen[0].source == Source.DEFAULT


def test_a_placement_that_shows_something_gets_no_defaults():
    assert shown(with_defaults([slate(1)], [ask()], {"p": [4]}, is_product)) == [[1]]


def test_no_item_is_a_default_twice_on_a_page():
    page = [slate(1), slate(), slate()]
    asks = [ask("a"), ask("b"), ask("c")]
    defaults = {"b": [1, 2], "c": [1, 2]}
    assert shown(with_defaults(page, asks, defaults, is_product)) == [[1], [2], []]


def test_a_default_that_is_no_item_is_repeated_rather_than_leaving_a_place_empty():
    defaults = {"a": [4], "b": [4]}
    page = with_defaults([slate(), slate()], [ask("a"), ask("b")], defaults, is_product)
    assert shown(page) == [[4], [4]]

"""INSTEAD_OF: in stock, alike in use, in price and in attributes."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.sources.instead_of import InsteadOf
from services.retrieval.domain.wardrobe import Wardrobe
from tests.unit.retrieval.learned import contents_of
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.vocabulary_pb2 import Channel

TVS, LAMPS = "Video > TV", "Light > Lamps"


@pytest.fixture
def shop():
    """Televisions by price, one of which is sold out, and a lamp."""
    shop = Shop()
    shop.item("sold out", TVS, price=500, stock=0, attributes={"panel": "oled", "smart": "yes"})
    shop.item("alike", TVS, price=480, attributes={"panel": "oled", "smart": "yes"})
    shop.item("other panel", TVS, price=480, attributes={"panel": "lcd", "smart": "no"})
    shop.item("cheaper", TVS, price=400, attributes={"panel": "oled", "smart": "yes"})
    shop.item("dearer", TVS, price=625, attributes={"panel": "oled", "smart": "yes"})
    shop.item("luxury", TVS, price=5_000, attributes={"panel": "oled", "smart": "yes"})
    shop.item("lamp", LAMPS, price=500)
    return shop


def ask(shop, *, missed=(), viewed=(), contents=None, wardrobe=None, **query):
    visit = replace(shop.visit(viewed=viewed), missed_nos=tuple(map(shop.no, missed)))
    person = shop.person(visit=visit, wardrobe=wardrobe)
    source = InsteadOf(shop.catalogue, shop.attributes)
    placed = {shop.no(name): vector for name, vector in (contents or {}).items()}
    held = {"contents": contents_of(placed)} if placed else {}
    return shop.ask(source, person=person, **held, **query)


def asked(shop, **query):
    return shop.told(ask(shop, **query))


def test_what_is_in_stock_needs_no_substitute(shop):
    assert asked(shop, in_view=["alike"], viewed=["lamp"]) == []


def test_what_the_caller_leaves_out_is_not_missed(shop):
    assert asked(shop, in_view=["alike"], excluded_nos=(shop.no("alike"),)) == []


def test_the_nearest_in_price_and_attributes_comes_first_and_a_dearer_one_after_a_cheaper(shop):
    names = asked(shop, in_view=["sold out"])
    assert names == ["alike", "cheaper", "dearer", "other panel", "luxury"]


def test_the_evidence_is_what_it_is_instead_of(shop):
    proposals = ask(shop, in_view=["sold out"])
    assert set(proposals.evidence_nos.tolist()) == {shop.no("sold out")}
    assert (np.diff(proposals.scores) <= 0).all()
    assert 0.0 < proposals.scores[-1] < proposals.scores[0] <= 1.0


@pytest.mark.parametrize("where", ["cart", "missed", "viewed"])
def test_it_may_lie_in_the_cart_or_have_been_asked_for_or_looked_at(shop, where):
    query = {"cart": {"cart_nos": (1,)}, "missed": {"missed": ["sold out"]}}
    assert asked(shop, **query.get(where, {"viewed": ["sold out"]}))[0] == "alike"


def test_what_was_out_of_stock_in_this_visit_is_replaced_whatever_the_catalogue_says(shop):
    assert asked(shop, missed=["alike"], in_view=["alike"])[:2] == ["cheaper", "dearer"]


def test_a_withdrawn_item_is_replaced_too(shop):
    shop.item("gone", TVS, price=500, withdrawn=True)
    assert "alike" in asked(shop, in_view=["gone"])


def test_of_other_categories_only_what_is_near_by_content_does_the_same(shop):
    shop.item("projector", "Video > Projectors", price=500)
    near = {"sold out": (1, 0), "projector": (0.9, 0.43), "lamp": (0, 1)}
    names = asked(shop, in_view=["sold out"], contents=near)
    assert "projector" in names
    assert "lamp" not in names


def test_what_is_sold_out_itself_or_before_the_person_is_no_substitute(shop):
    shop.catalogue.stock[shop.no("alike")] = 0
    names = asked(shop, in_view=["sold out", "cheaper"])
    assert {"alike", "cheaper", "sold out"} & set(names) == set()


def test_another_colour_in_the_own_size_stands_before_other_things():
    shop = Shop()
    shop.item("shoe", "Shoes", stock=0)
    for name, size, stock in (("red 42", "42", 0), ("blue 42", "42", 2), ("blue 43", "43", 2)):
        shop.item(name, "Shoes", of="shoe", size=size, stock=stock)
    shop.item("sandal", "Shoes")
    wardrobe = Wardrobe({shop.catalogue.categories.find("Shoes"): {shop.sizes.number("42"): 1.0}})
    names = asked(shop, in_view=["red 42"], wardrobe=wardrobe)
    assert names == ["blue 42", "sandal"]


def test_where_the_own_size_of_something_is_sold_out_another_thing_is_proposed():
    shop = Shop()
    shop.item("shoe 43", "Shoes", size="43", stock=2)
    shop.item("shoe 42", "Shoes", of="shoe 43", size="42", stock=0)
    shop.item("sandal", "Shoes")
    wardrobe = Wardrobe({shop.catalogue.categories.find("Shoes"): {shop.sizes.number("42"): 1.0}})
    assert asked(shop, in_view=["shoe 43"], wardrobe=wardrobe) == ["sandal"]
    assert asked(shop, in_view=["shoe 43"]) == []


def test_somebody_who_asked_for_nothing_gets_nothing(shop):
    assert asked(shop) == []
    assert shop.asked(InsteadOf(shop.catalogue, shop.attributes)) == []


def test_substitutes_are_found_behind_the_best_that_are_for_elsewhere(shop):
    for at in range(120):
        shop.item(f"by mail {at}", TVS, price=500, value_micros=9_999 * 1_000_000)
        shop.catalogue.channel_bits[shop.no(f"by mail {at}")] = 1 << Channel.EMAIL
    assert asked(shop, in_view=["sold out"])[0] == "alike"

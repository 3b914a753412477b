"""What is proposed to a person: due again, and in this visit."""

import pytest

from services.retrieval.domain.sources.buy_again import BuyAgain
from services.retrieval.domain.sources.in_session import InSession
from tests.unit.retrieval.shop import Shop
from touchpoint.common.v1.vocabulary_pb2 import OfferKind


@pytest.fixture
def shop():
    shop = Shop()
    for name in ("milk", "soap", "lamp"):
        shop.item(name)
    return shop


def due(shop, *owned):
    return shop.asked(BuyAgain(shop.catalogue), person=shop.person(owned=owned))


def test_what_is_bought_in_a_cycle_is_proposed_once_most_of_it_has_passed(shop):
    assert due(shop, ("milk", 7, 5, 10.0)) == ["milk"]
    assert due(shop, ("milk", 6, 5, 10.0)) == []


def test_what_is_used_up_is_proposed_without_a_known_cycle_after_a_rest(shop):
    shop.item("bread", is_consumable=True)
    assert due(shop, ("bread", 3, 2, 0.0)) == ["bread"]
    assert due(shop, ("bread", 2.9, 2, 0.0)) == []
    assert due(shop, ("bread", 400, 1, 0.0)) == []
    assert due(shop, ("lamp", 400, 9, 0.0)) == []


def test_the_stronger_habit_leads_and_the_evidence_is_how_often(shop):
    person = shop.person(owned=[("soap", 10, 3, 10.0), ("milk", 10, 9, 10.0)])
    proposals = shop.ask(BuyAgain(shop.catalogue), person=person)
    assert shop.told(proposals) == ["milk", "soap"]
    assert list(proposals.evidence_counts) == [9, 3]


def test_a_habit_given_up_long_ago_falls_behind(shop):
    assert due(shop, ("milk", 200, 5, 10.0), ("soap", 12, 5, 10.0)) == ["soap", "milk"]


def test_another_variant_is_proposed_where_the_one_bought_is_sold_out(shop):
    shop.item("tea", stock=0)
    shop.item("tea, large", of="tea", stock=4)
    assert due(shop, ("tea", 30, 4, 10.0)) == ["tea, large"]


def test_what_is_sold_out_or_not_known_here_is_not_due(shop):
    shop.item("rice", stock=0)
    person = shop.person(owned=[("rice", 30, 4, 10.0), ("milk", 30, 4, 10.0)])
    person.owned_family_nos[1] = 99_999
    assert shop.asked(BuyAgain(shop.catalogue), person=person) == []


def test_nobody_known_has_no_habits(shop):
    assert shop.asked(BuyAgain(shop.catalogue), person=None) == []


@pytest.fixture
def pcs():
    shop = Shop()
    shop.item("desktop", "Computers > Desktops", price=600)
    for name, price in (("dear", 3000), ("near", 1100), ("seen", 1000), ("also seen", 950)):
        shop.item(name, "Computers > Laptops", price=price)
    shop.item("far off", "Garden", price=1000)
    shop.bought("dear", times=3, days=1)
    shop.bought("desktop", times=9, days=1)
    return shop


def in_visit(shop, **query):
    person = shop.person(visit=shop.visit("Computers > Laptops", ["seen", "also seen"]))
    return shop.asked(InSession(shop.catalogue), person=person, **query)


def test_the_category_of_the_visit_comes_first_then_the_one_above_it(pcs):
    assert in_visit(pcs) == ["near", "dear", "also seen", "desktop"]


def test_of_a_wide_subject_what_is_like_the_items_looked_at_comes_first(pcs):
    visit = pcs.visit("Computers", ["seen", "also seen"])
    asked = pcs.asked(InSession(pcs.catalogue), person=pcs.person(visit=visit))
    assert asked == ["near", "also seen", "dear", "desktop"]
    unseen = pcs.person(visit=pcs.visit("Computers"))
    assert pcs.asked(InSession(pcs.catalogue), person=unseen)[0] == "desktop"


def test_a_price_near_what_was_looked_at_outweighs_some_popularity(pcs):
    assert in_visit(pcs).index("near") < in_visit(pcs).index("dear")
    pcs.catalogue.price_micros[pcs.no("dear")] = 1_050_000_000
    assert in_visit(pcs)[0] == "dear"


def test_the_evidence_is_the_last_item_looked_at(pcs):
    person = pcs.person(visit=pcs.visit("Computers > Laptops", ["seen"]))
    proposals = pcs.ask(InSession(pcs.catalogue), person=person)
    assert set(proposals.evidence_nos.tolist()) == {pcs.no("seen")}


@pytest.mark.parametrize(("category", "evidence"), [("Garden", ""), ("Computers", "seen")])
def test_an_item_of_another_category_is_no_evidence(pcs, category, evidence):
    pcs.item("book", "Books")
    person = pcs.person(visit=pcs.visit(viewed=["book", "seen"]))
    proposals = pcs.ask(InSession(pcs.catalogue), person=person, category=category)
    assert set(proposals.evidence_nos.tolist()) == {pcs.names.index(evidence)}


def test_variants_of_the_last_item_are_no_news(pcs):
    pcs.item("seen, blue", "Computers > Laptops", of="seen", price=1000)
    assert not {"seen", "seen, blue"} & set(in_visit(pcs))


def test_the_item_in_view_outranks_what_was_viewed_before(pcs):
    pcs.item("hedge trimmer", "Garden", price=900)
    assert in_visit(pcs, in_view=["hedge trimmer"]) == ["far off"]


def test_a_category_in_view_is_enough(pcs):
    asked = pcs.asked(InSession(pcs.catalogue), category="Computers > Desktops", person=None)
    assert asked[0] == "desktop"


def test_a_limit_is_kept_and_filled_from_above(pcs):
    assert in_visit(pcs, limit=2) == ["near", "dear"]


def test_without_category_or_items_nothing_is_being_shopped_for(pcs):
    person = pcs.person(visit=pcs.visit())
    assert pcs.asked(InSession(pcs.catalogue), person=person) == []
    kinds = frozenset({OfferKind.SERVICE})
    assert in_visit(pcs, kinds=kinds) == []

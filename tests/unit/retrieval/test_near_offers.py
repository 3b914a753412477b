"""Which offers that are no items are near a person and a moment."""

from dataclasses import replace

import numpy as np
import pytest

from services.retrieval.domain.answers import Answer
from services.retrieval.domain.sources.near_offers import NearOffers
from tests.unit.retrieval.shop import NOW_US, Shop
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind


@pytest.fixture
def shop():
    shop = Shop()
    shop.item("tv", "Video > TV > 4K")
    shop.item("red tv", "Video > TV > 4K", of="tv")
    shop.item("spade", "Garden")
    shop.offer("tv sale", about=["Video > TV"])
    shop.offer("garden guide", OfferKind.CONTENT, about=["Garden"])
    shop.offer("this tv", items=["tv"])
    shop.offer("survey", OfferKind.SURVEY)
    return shop


def near(shop, **query):
    return shop.asked(NearOffers(shop.catalogue), **query)


def test_offers_about_nothing_are_for_everybody(shop):
    assert near(shop) == ["survey"]


def test_a_category_that_was_answered_long_ago_is_not_in_view(shop):
    answer = Answer("category", ("Garden",))
    assert near(shop, answers=(answer,)) == ["garden guide", "survey"]
    assert near(shop, answers=(replace(answer, is_standing=True),)) == ["survey"]


@pytest.mark.parametrize(
    "elsewhere", [{"ends_us": NOW_US - 1}, {"ends_us": 1}, {"channels": [Channel.EMAIL]}]
)
@pytest.mark.parametrize("about", [(), ("Garden",)])
def test_many_that_are_over_or_for_elsewhere_hide_none_that_runs(shop, elsewhere, about):
    for number in range(210):
        shop.offer(f"old {number}", about=about, value_micros=9_000_000, **elsewhere)
    shop.offer("new", about=about, value_micros=1_000_000)
    assert "new" in near(shop, category="Garden")
    assert not any(name.startswith("old") for name in near(shop, category="Garden"))


def test_an_offer_about_the_item_in_view_leads_one_about_its_category(shop):
    assert near(shop, in_view=["red tv"]) == ["this tv", "tv sale", "survey"]


def test_the_visit_the_cart_and_taste_bring_offers_near_in_that_order(shop):
    shop.item("book", "Books")
    shop.offer("book club", about=["Books"])
    person = shop.person(visit=shop.visit("Video > TV"), liked=[("Garden", 0.5)])
    asked = near(shop, person=person, cart_nos=(shop.no("book"),))
    assert asked == ["tv sale", "book club", "garden guide", "survey"]


def test_what_was_bought_lately_brings_near_what_is_about_it(shop):
    shop.offer("spade care", OfferKind.CONTENT, items=["spade"])
    lately = shop.person(owned=[("spade", 3, 1, 0.0)])
    assert near(shop, person=lately) == ["spade care", "garden guide", "survey"]
    proposals = shop.ask(NearOffers(shop.catalogue), person=lately)
    assert proposals.evidence_nos.tolist()[:2] == [shop.no("spade")] * 2
    assert near(shop, person=shop.person(owned=[("spade", 90, 1, 0.0)])) == ["survey"]


def test_what_is_asked_for_brings_offers_near_for_visitors_too(shop):
    answers = (Answer("category", ("Garden",)), Answer("colour", ("Video > TV",)))
    assert near(shop, answers=answers) == ["garden guide", "survey"]


def test_the_evidence_is_the_item_that_brings_an_offer_near(shop):
    person = shop.person(visit=shop.visit("Video > TV > 4K", ["tv"]))
    proposals = shop.ask(NearOffers(shop.catalogue), person=person)
    evidence = dict(zip(shop.told(proposals), proposals.evidence_nos.tolist(), strict=True))
    assert evidence == {"this tv": shop.no("tv"), "tv sale": shop.no("tv"), "survey": 0}


def test_an_offer_about_a_part_of_the_category_is_not_near_the_whole(shop):
    assert "tv sale" not in near(shop, category="Video")
    assert "tv sale" in near(shop, category="Video > TV")


@pytest.mark.parametrize(
    "row",
    [
        {"withdrawn": True},
        {"ends_us": NOW_US - 1},
        {"starts_us": NOW_US + 1},
        {"channels": [Channel.IVR]},
        {"is_default": True},
        {"is_journey_only": True},
        {"is_defined": True},
    ],
)
def test_offers_for_elsewhere_or_another_time_are_left_out(shop, row):
    shop.offer("not here", **row)
    assert near(shop) == ["survey"]


def test_an_offer_of_the_definitions_is_proposed_under_the_bundle_that_has_it(shop):
    shop.offer("defined", is_defined=True)
    own = np.array([shop.no("defined")], np.uint32)
    assert set(near(shop, defined_nos=own)) == {"survey", "defined"}


def test_an_offer_defined_after_the_shelf_was_stacked_waits_for_the_next(shop):
    shop.offer("defined", is_defined=True)
    own = np.array([shop.no("defined"), shop.no("defined") + 1], np.uint32)
    assert set(near(shop, defined_nos=own)) == {"survey", "defined"}


def test_only_kinds_that_are_shown_are_proposed(shop):
    kinds = frozenset({OfferKind.PRODUCT, OfferKind.CONTENT})
    assert near(shop, kinds=kinds, category="Garden") == ["garden guide"]
    assert near(shop, kinds=frozenset({OfferKind.PRODUCT}), category="Garden") == []


def test_of_equally_near_offers_the_most_valuable_leads(shop):
    shop.offer("worth more", value_micros=5_000_000)
    assert near(shop) == ["worth more", "survey"]

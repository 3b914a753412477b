"""The people of the stories are where the stories need them."""

from __future__ import annotations

from demo.shop import story
from demo.shop.model import Identity, Shop


def test_story_people_are_the_same_for_every_seed(other_shop: Shop) -> None:
    assert other_shop.customers[: len(story.PEOPLE)] == tuple(p.customer for p in story.PEOPLE)
    in_stock = {item.item_id for item in other_shop.items if item.stock}
    assert not story.ITEMS - in_stock


def test_story_people_declined_nothing_and_were_not_contacted(shop: Shop) -> None:
    theirs = {
        identity
        for person in story.PEOPLE
        for identity in (
            *(person.customer.identity(k) for k in ("customer", "email", "phone", "loyalty_card")),
            Identity("visitor", person.cookie),
        )
    }
    types = {e.type for e in shop.events if theirs & frozenset(e.identities)}
    assert "purchase" in types
    assert types.isdisjoint({"decline", "ignore", "contact_sent", "impression", "complaint"})


def test_clara_has_a_cart_above_the_survey_threshold(shop: Shop) -> None:
    prices = {item.item_id: item.price_cents for item in shop.items}
    assert prices[story.TV] > 250_000
    clara = story.CLARA.customer.identity("customer")
    hers = [e for e in shop.events if clara in e.identities]
    assert [e.item_id for e in hers if e.type == "add_to_cart"] == [story.TV]
    assert "purchase" not in {e.type for e in hers}


def test_the_loafers_in_another_colour_are_of_one_family(shop: Shop) -> None:
    family = {item.item_id: item.family for item in shop.items}
    assert family[story.LOAFERS] == family[story.LOAFERS_IN_TAN]

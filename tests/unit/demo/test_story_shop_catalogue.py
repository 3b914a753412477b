"""The shop sells things with names, prices and relations, to people who can be told apart."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime

import phonenumbers
import pytest

from demo.records import midnight_s
from demo.shop import story
from demo.shop.model import Item, Shop

TODAY = date(2026, 1, 1)
CHANNELS = frozenset(["WEB", "APP", "EMAIL", "CALL_CENTER", "IVR", "STORE"])


def test_midnight_is_the_beginning_of_the_day_in_utc() -> None:
    assert midnight_s(TODAY) == datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def test_there_are_about_two_thousand_items_and_five_hundred_people(shop: Shop) -> None:
    assert 1_900 <= len(shop.items) <= 2_100
    assert len(shop.customers) == 500
    assert 40_000 <= len(shop.events) <= 80_000


def test_item_ids_and_titles_are_distinct(shop: Shop) -> None:
    assert len({item.item_id for item in shop.items}) == len(shop.items)
    assert len({item.title for item in shop.items}) == len(shop.items)


def test_titles_are_names_not_numbers_of_items(shop: Shop) -> None:
    assert not [i.title for i in shop.items if re.match(r"(item|product) \d+", i.title.lower())]
    assert not [i.title for i in shop.items if "{" in i.title or "  " in i.title]


def test_items_sell_above_cost_and_never_have_negative_stock(shop: Shop) -> None:
    assert all(0 < item.cost_cents < item.price_cents for item in shop.items)
    assert all(item.stock >= 0 for item in shop.items)
    sold_out = sum(item.stock == 0 for item in shop.items) / len(shop.items)
    assert 0.02 < sold_out < 0.10


def test_a_variant_follows_the_head_of_its_family_and_shares_its_category(shop: Shop) -> None:
    heads: dict[str, Item] = {}
    for item in shop.items:
        if item.variant_of:
            assert heads[item.variant_of].category == item.category
        else:
            heads[item.item_id] = item


def test_every_item_was_released_before_today(shop: Shop) -> None:
    assert max(item.released for item in shop.items) < TODAY


def test_there_are_televisions_at_about_three_thousand_dollars(shop: Shop) -> None:
    prices = [item.price_cents for item in shop.items if item.category == "Electronics > TVs"]
    assert [price for price in prices if 280_000 < price < 320_000]


@pytest.mark.parametrize(
    "category",
    [
        "Electronics > PCs > Desktops", "Electronics > PCs > Laptops", "Electronics > TVs", "DVDs",
        "Fashion > Handbags", "Fashion > Shoes", "Running", "Cycling", "Kitchen > Bakeware",
        "Books", "Gifts",
    ],
)  # fmt: skip
def test_every_department_has_something_in_stock(shop: Shop, category: str) -> None:
    assert [i for i in shop.items if f"{i.category} > ".startswith(f"{category} > ") and i.stock]


def test_offers_cover_all_kinds_and_are_about_categories_that_exist(shop: Shop) -> None:
    assert {o.kind for o in shop.offers} == {"PROMOTION", "CONTENT", "SERVICE", "SURVEY"}
    categories = [f"{item.category} > " for item in shop.items]
    for offer in shop.offers:
        assert offer.starts < TODAY < offer.ends
        assert frozenset(offer.channels) <= CHANNELS | {"SMS"}
        for about in offer.about_categories:
            assert [c for c in categories if c.startswith(f"{about} > ")], about


def test_telephone_numbers_are_valid_and_kept_for_fiction(shop: Shop) -> None:
    for customer in shop.customers:
        assert phonenumbers.is_valid_number(phonenumbers.parse(customer.phone))
        assert re.fullmatch(r"\+1\d{3}55501\d{2}", customer.phone)


def test_only_the_couple_shares_an_identity(shop: Shop) -> None:
    for kind in ("customer", "email", "phone", "loyalty_card"):
        values = Counter(c.identity(kind).value for c in shop.customers)
        shared = {value for value, count in values.items() if value and count > 1}
        assert shared == ({story.INES.customer.phone} if kind == "phone" else set())


def test_mail_addresses_are_kept_for_examples(shop: Shop) -> None:
    for customer in shop.customers:
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d*@example\.(com|net|org)", customer.email)

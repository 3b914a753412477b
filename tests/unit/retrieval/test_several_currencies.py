"""Prices and values of several currencies are compared in the home one."""

import numpy as np
import pytest

from services.retrieval.domain.answers import Answer
from services.retrieval.domain.bounds import Bounds
from services.retrieval.domain.live_contents import texts_of
from services.retrieval.domain.matching import affordable
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sources.in_category import _nearness
from services.retrieval.domain.sources.instead_of import _NOT_KNOWN, InsteadOf
from services.retrieval.moment import _most_micros
from shared.errors import InvalidArgument
from shared.exchange import Exchange
from tests.unit.retrieval.shop import NOW_US, Shop
from touchpoint.common.v1.decision_pb2 import Recipient
from touchpoint.rules.v1.currencies_pb2 import Currencies

TOLD = Currencies(base="USD", as_of="2026-11-01", rates={"EUR": "1.25", "JPY": "0.01"})
UNIT = 1_000_000


@pytest.fixture
def shop():
    made = Shop()
    made.item("dollars", "A", price=100, currency="USD")
    made.item("euros", "A", price=90, currency="EUR")
    made.item("yen", "A", price=5_000, currency="JPY")
    made.item("francs", "A", price=10, currency="CHF")
    made.catalogue.exchange = Exchange(TOLD)
    return made


def names(shop, mask):
    return {shop.names[no] for no in np.flatnonzero(mask) if no}


def test_a_gift_costs_at_home_no_more_than_was_said_whatever_it_is_sold_in(shop):
    catalogue = shop.catalogue
    every = np.arange(catalogue.size)
    for rows in (every, slice(0, catalogue.size)):
        suits = Bounds(0, 110 * UNIT, catalogue.exchange).suit(catalogue, rows)
        assert names(shop, suits) == {"dollars", "yen"}


def test_what_was_said_may_be_in_another_currency_and_one_without_a_rate_is_refused(shop):
    def most(amount, currency):
        told = Recipient(max_price={"amount": amount, "currency": currency})
        return _most_micros(told, shop.catalogue)

    assert (most("100", "EUR"), most("100", "USD"), most("100", "")) == (
        125 * UNIT,
        100 * UNIT,
        100 * UNIT,
    )
    with pytest.raises(InvalidArgument) as refused:
        most("100", "CHF")
    [violation] = refused.value.violations
    assert violation.field == "context.recipient.max_price.currency"


def test_an_answer_about_the_price_is_at_home(shop):
    items = np.arange(1, shop.catalogue.size)

    def found(answer):
        return {shop.names[no] for no in items[affordable(items, answer, shop.catalogue)]}

    assert found(Answer("price", most=60.0)) == {"yen"}
    assert found(Answer("price", least=101.0)) == {"euros"}
    assert found(Answer("price", values=("50", "100"))) == {"dollars", "yen"}


def test_an_item_of_the_same_price_at_home_replaces_one_before_another(shop):
    source = InsteadOf(shop.catalogue, shop.attributes)
    nos = np.array([shop.no(name) for name in ("dollars", "yen", "francs")])
    suits = source._price_suits(shop.no("euros"), nos)
    assert suits[0] > suits[1]
    assert suits[2] == _NOT_KNOWN
    assert _nearness(shop.catalogue.home_prices(nos), 100e6).tolist()[:2] == [1.0, 0.5]


def test_bands_of_prices_are_at_home(shop):
    nos = np.arange(1, shop.catalogue.size)
    prices = texts_of(shop.catalogue, nos).price_micros
    assert prices.tolist() == [100 * UNIT, 112_500_000, 50 * UNIT, 0]


async def test_among_equals_the_most_valuable_at_home_is_first_also_once_rates_change(shop):
    shop.offer("sale", value_micros=5 * UNIT, currency="USD")
    shop.offer("remise", value_micros=UNIT, currency="EUR")
    shelves = Shelves(shop.catalogue, shop.sizes, lambda: shop.popularity, lambda: NOW_US)

    def ranked():
        nos = shelves.current.ranked.tolist()
        return [shop.names[no] for no in nos], [
            shop.names[no] for no in shelves.current.offers.about_nothing.tolist()
        ]

    await shelves.restack()
    assert ranked() == (["euros", "dollars", "yen", "francs"], ["sale", "remise"])
    rates = {"EUR": "0.5", "JPY": "1", "CHF": "1000"}
    shelves.exchanged(Exchange(Currencies(base="USD", as_of="2026-11-02", rates=rates)))
    await shelves.restack()
    assert ranked() == (["francs", "yen", "dollars", "euros"], ["sale", "remise"])
    shelves.exchanged(Exchange(Currencies(base="USD", as_of="2026-11-03", rates={"EUR": "10"})))
    await shelves.restack()
    assert ranked()[1] == ["remise", "sale"]


def test_what_was_paid_is_told_at_home(shop):
    paid = np.full(5, 100 * UNIT)
    offers = np.array([0, 1, 2, 4, 1_000])
    found = shop.catalogue.paid_at_home(paid, offers)
    assert found.tolist() == [100 * UNIT, 100 * UNIT, 125 * UNIT, 0, 100 * UNIT]

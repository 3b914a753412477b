"""Amounts of a catalogue are converted into the home currency, by the rates of now or of then."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalogue import Catalogue
from shared.currencies import CurrencyTable
from shared.exchange import Exchange
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.rules.v1.currencies_pb2 import Currencies, DatedRates

DAY_US = 86_400_000_000
DAYS = {"2026-09-01": 20_697, "2026-10-01": 20_727, "2026-11-01": 20_758}
TOLD = Currencies(
    base="USD",
    as_of="2026-11-01",
    rates={"EUR": "1.25", "JPY": "0.0066"},
    earlier=[
        DatedRates(as_of="2026-09-01", rates={"EUR": "1.5"}),
        DatedRates(as_of="2026-10-01", rates={"EUR": "1.4"}),
    ],
)


def sold(*currencies, price_micros=1_000_000):
    rows = [
        CatalogueRow(
            offer_no=no, offer_id=str(no), kind=1, price_micros=price_micros, currency=each
        )
        for no, each in enumerate(currencies, start=1)
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(version=1, rows=rows))
    return made


def at_home(exchange, catalogue):
    nos = np.arange(1, catalogue.size)
    return exchange.at_home(catalogue.price_micros[nos], nos, catalogue).tolist()


def test_amounts_are_converted_row_by_row_and_what_nobody_can_convert_is_nothing():
    catalogue = sold("USD", "EUR", "CHF", "")
    assert at_home(Exchange(TOLD), catalogue) == [1_000_000, 1_250_000, 0, 1_000_000]
    assert Exchange(TOLD).is_known(np.array([2, 3]), catalogue).tolist() == [True, False]


def test_in_one_currency_the_very_same_columns_are_read():
    catalogue = sold("EUR", "EUR")
    prices = catalogue.price_micros
    assert Exchange(TOLD).at_home(prices, slice(None), catalogue) is prices
    assert Exchange(TOLD).table(catalogue).base == "EUR"


@pytest.mark.parametrize(
    ("day", "rate"),
    [
        ("2026-09-01", 1.5),
        ("2026-10-01", 1.4),
        ("2026-11-01", 1.25),
    ],
)
def test_the_rates_of_a_day_hold_until_the_next_day_that_has_some(day, rate):
    catalogue, exchange = sold("USD", "EUR"), Exchange(TOLD)
    begins_us = DAYS[day] * DAY_US
    assert exchange.at(catalogue, begins_us).rate("EUR") == rate
    assert exchange.at(catalogue, begins_us + 20 * DAY_US).rate("EUR") == rate
    assert exchange.at(catalogue, begins_us - 1).rate("EUR") != rate or day == "2026-09-01"


def test_before_the_first_day_its_rates_hold_and_a_day_need_not_know_all():
    catalogue, exchange = sold("USD", "EUR", "JPY"), Exchange(TOLD)
    assert exchange.at(catalogue, 0).rate("EUR") == 1.5
    assert not exchange.at(catalogue, 0).knows("JPY")
    assert exchange.at(catalogue, DAYS["2026-11-01"] * DAY_US).knows("JPY")


def test_another_catalogue_with_as_many_currencies_is_read_anew():
    exchange = Exchange(TOLD)
    assert at_home(exchange, sold("USD", "EUR")) == [1_000_000, 1_250_000]
    assert at_home(exchange, sold("EUR", "USD")) == [1_250_000, 1_000_000]


@given(st.integers(0, 10**15), st.integers(1, 10**12))
def test_columns_are_converted_as_single_amounts_are_but_for_a_millionth(micros, billionths):
    rate = f"{billionths // 10**9}.{billionths % 10**9:09d}"
    told = Currencies(base="USD", as_of="2026-11-01", rates={"EUR": rate})
    exact = CurrencyTable.read(told).to_base_micros(micros, "EUR")
    found = at_home(Exchange(told), sold("USD", "EUR", price_micros=micros))[1]
    assert abs(found - exact) <= max(1, exact >> 50)

"""Amounts in several currencies are converted exactly, and one nobody knows counts as nothing."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.currencies import CurrencyTable, rate_of
from touchpoint.rules.v1.currencies_pb2 import Currencies

TOLD = Currencies(base="USD", as_of="2026-11-01", rates={"EUR": "1.08", "JPY": "0.0066"})


def test_amounts_are_converted_into_the_base_by_the_rates_of_a_day():
    table = CurrencyTable.read(TOLD)
    assert (table.base, table.as_of) == ("USD", "2026-11-01")
    assert table.to_base_micros(10_000_000, "EUR") == 10_800_000
    assert table.to_base_micros(-10_000_000, "EUR") == -10_800_000
    assert table.to_base_micros(1_000_000, "JPY") == 6_600
    assert table.to_base_micros(7, "USD") == table.to_base_micros(7, "") == 7
    assert table.rate("EUR") == pytest.approx(1.08)


def test_a_currency_without_a_rate_counts_as_nothing_and_is_told_of():
    table = CurrencyTable.read(TOLD)
    assert not table.knows("CHF")
    assert (table.to_base_micros(10, "CHF"), table.rate("CHF")) == (0, 0.0)


def test_what_is_sold_in_one_currency_only_is_counted_in_it():
    table = CurrencyTable.read(TOLD, only="EUR")
    assert (table.base, table.to_base_micros(5_000_000, "EUR")) == ("EUR", 5_000_000)
    assert table.to_base_micros(1_080_000, "USD") == 1_000_000
    stranger = CurrencyTable.read(TOLD, only="CHF")
    assert (stranger.base, stranger.as_of, stranger.to_base_micros(5, "CHF")) == ("CHF", "", 5)
    assert not stranger.knows("USD")


def test_without_a_table_amounts_that_name_no_currency_are_as_they_are():
    assert CurrencyTable().to_base_micros(12, "") == 12


@given(st.integers(-(2**62), 2**62), st.integers(1, 10**9 - 1), st.integers(0, 10**6))
def test_conversion_is_exact_but_for_half_a_millionth(amount, billionths, whole):
    rate = f"{whole}.{billionths:09d}"
    told = Currencies(base="USD", rates={"EUR": rate})
    found = CurrencyTable.read(told).to_base_micros(amount, "EUR")
    assert abs(found - amount * Fraction(rate)) <= Fraction(1, 2)


@pytest.mark.parametrize("rate", ["0", "-1", "1e3", "1.0000000001", "", "one", "٣"])
def test_what_is_no_rate_is_refused(rate):
    with pytest.raises(ValueError, match="no rate"):
        rate_of(rate)

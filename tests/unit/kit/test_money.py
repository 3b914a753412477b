"""Decimal strings and millionths."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.money import MAX_MICROS, from_micros, is_currency, to_micros


@pytest.mark.parametrize(
    ("text", "micros"),
    [("0", 0), ("12.5", 12_500_000), ("-0.01", -10_000), ("+3", 3_000_000), ("0.000001", 1)],
)
def test_a_decimal_string_is_read_exactly(text: str, micros: int) -> None:
    assert to_micros(text) == micros


@pytest.mark.parametrize(
    "text",
    ["", "1e3", "1.", ".5", "1,5", " 1", "NaN", "Infinity", "1.0000001", "٣", "1" * 14, "--1"],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a decimal number"):
        to_micros(text)


def test_what_does_not_fit_a_column_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        to_micros("9999999999999")


@pytest.mark.parametrize(
    ("micros", "text"), [(5_000_000, "5"), (12_500_000, "12.50"), (-1, "-0.000001"), (0, "0")]
)
def test_millionths_are_written_as_people_write_money(micros: int, text: str) -> None:
    assert from_micros(micros) == text


@given(st.integers(-MAX_MICROS, MAX_MICROS))
def test_nothing_is_lost_there_and_back(micros: int) -> None:
    assert to_micros(from_micros(micros)) == micros


def test_a_currency_is_three_capital_letters() -> None:
    assert is_currency("EUR")
    assert not any(is_currency(code) for code in ("eur", "EURO", "E1R", "", "ÄÖÜ"))

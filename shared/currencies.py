"""What currencies are worth: amounts in several of them are compared by a table with a date."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from touchpoint.rules.v1.currencies_pb2 import Currencies

UNIT = 10**9
"""Billionths in one: what rates are counted in."""
_RATE = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)


def rate_of(text: str) -> int:
    """Return the billionths of a rate such as `1.08`.

    Raises ValueError for what is no decimal number above 0 with at most nine decimals.
    """
    match = _RATE.fullmatch(text)
    found = int(match[1]) * UNIT + int((match[2] or "").ljust(9, "0")) if match else 0
    if not found:
        raise ValueError(f"{text!r} is no rate; write a decimal number above 0 such as 1.08")
    return found


@dataclass(frozen=True, slots=True)
class CurrencyTable:
    """Rates into one base currency, as of one day."""

    base: str = ""
    """ISO 4217; empty: there is no table, and all amounts are in one currency."""
    as_of: str = ""
    """`2026-11-01`; empty: nothing is converted."""
    _rates: Mapping[str, int] = field(default_factory=dict)
    """Billionths of the base by currency, the base itself among them."""

    @classmethod
    def read(cls, told: Currencies, only: str = "") -> CurrencyTable:
        """Return the table of a bundle; ValueError where a rate is none.

        `only` is the one currency that everything is sold in, if there is just one: then that is
        what is counted in, and nothing that is sold needs to be converted.
        """
        rates = {currency: rate_of(rate) for currency, rate in told.rates.items()}
        if told.base:
            rates[told.base] = UNIT
        if not only or only == told.base:
            return cls(told.base, told.as_of, rates)
        worth = rates.get(only)
        if worth is None:
            return cls(only, "", {only: UNIT})
        return cls(only, told.as_of, {each: divided(r * UNIT, worth) for each, r in rates.items()})

    @property
    def rates(self) -> Mapping[str, int]:
        """What one unit is worth in the base, billionths, by currency; the base among them."""
        return self._rates

    def knows(self, currency: str) -> bool:
        """Say whether amounts can be counted; those that name no currency are in the base."""
        return not currency or currency in self._rates

    def rate(self, currency: str) -> float:
        """Return what one unit is worth in the base; 0 where that is not known."""
        return self._billionths(currency) / UNIT

    def to_base_micros(self, amount_micros: int, currency: str) -> int:
        """Return an amount in the base, in millionths, rounded half up.

        0 for a currency that the table does not know: an amount that cannot be compared counts as
        nothing. Ask `knows` and tell of it.
        """
        return divided(amount_micros * self._billionths(currency), UNIT)

    def told_rate(self, currency: str) -> str:
        """Return a rate with its base and its day, `1.08 USD 2026-11-01`; `0 USD` without one."""
        billionths = self._billionths(currency)
        whole, rest = divmod(billionths, UNIT)
        told = f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
        return " ".join(filter(None, (told, self.base, self.as_of if billionths else "")))

    def converted(self, amount_micros: int, currency: str, into: str) -> int:
        """Return an amount in another currency, rounded half up; 0 where a rate is not known."""
        worth = self._billionths(into)
        return divided(amount_micros * self._billionths(currency), worth) if worth else 0

    def _billionths(self, currency: str) -> int:
        return self._rates.get(currency, 0) if currency else UNIT


def divided(dividend: int, divisor: int) -> int:
    """Return the quotient, rounded to the nearest whole number."""
    return (2 * dividend + divisor) // (2 * divisor)

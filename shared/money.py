"""Money as integer millionths inside and as a decimal string at the edge; never a float."""

from __future__ import annotations

import re

MICROS = 1_000_000
"""Millionths in one unit of a currency."""
MAX_MICROS = 2**63 - 1

_DECIMAL = re.compile(r"([+-]?)(\d{1,13})(?:\.(\d{1,6}))?", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)


def to_micros(amount: str) -> int:
    """Return the millionths of a decimal string such as `-12.50`.

    Raises ValueError for exponents, more than six decimals, or more than 13 digits before
    the point.
    """
    match = _DECIMAL.fullmatch(amount)
    if match is None:
        raise ValueError("must be a decimal number with at most 13 digits and 6 decimals")
    sign, whole, fraction = match.groups()
    micros = int(whole) * MICROS + int((fraction or "").ljust(6, "0"))
    if micros > MAX_MICROS:
        raise ValueError("is too large")
    return -micros if sign == "-" else micros


def from_micros(micros: int) -> str:
    """Return the shortest decimal string with at least two decimals, or none for a whole number."""
    whole, fraction = divmod(abs(micros), MICROS)
    sign = "-" if micros < 0 else ""
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{f'{fraction:06d}'.rstrip('0').ljust(2, '0')}"


def is_currency(code: str) -> bool:
    """Say whether a code has the form of ISO 4217: three upper-case letters."""
    return _CURRENCY.fullmatch(code) is not None

"""Numbers in bands of readable width, the same on every replica whatever was seen before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

_STEPS: Final = (1, 2, 5, 10)
_EXACT: Final = 10
"""Whole numbers below are counts or codes: each stands for itself."""
_LEAST: Final = 1e-6
_MOST: Final = 1e15
_UNITS: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


@lru_cache(maxsize=4096)
def banded(text: str) -> str:
    """Return the band of a number, such as `20k to 50k`, its upper end not included.

    Bands grow as 1, 2, 5, 10; whole numbers below ten stand for themselves, and so does whatever
    is no number as numbers are written: `M`, `007`, `1e400`.
    """
    number = _number(text)
    if number is None:
        return text
    size = abs(number)
    if size < _EXACT and number == int(number):
        return str(int(number))
    if size < _LEAST:
        return f"{_LEAST:f} and nearer to 0"
    if size >= _MOST:
        return text
    low, high = _band(size)
    ends = (low, high) if number > 0 else (-high, -low)
    return f"{_told(ends[0])} to {_told(ends[1])}"


def _number(text: str) -> float | None:
    if not text or text[0] not in "-.0123456789" or _has_leading_zero(text):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _has_leading_zero(text: str) -> bool:
    """Return whether it is rather a code: no number is written `007`."""
    digits = text.lstrip("-")
    return len(digits) > 1 and digits[0] == "0" and digits[1] not in ".eE"


def _band(size: float) -> tuple[float, float]:
    """Return the ends that a positive number lies between."""
    power = math.floor(math.log10(size))
    # The logarithm of a power of ten may come out a hair too low or too high.
    for exponent in (power - 1, power, power + 1):
        for low, high in pairwise(_STEPS):
            if _scaled(low, exponent) <= size < _scaled(high, exponent):
                return _scaled(low, exponent), _scaled(high, exponent)
    raise AssertionError(f"bands leave {size} out")


def _scaled(step: int, exponent: int) -> float:
    return float(step * 10**exponent) if exponent >= 0 else step / 10**-exponent


def _told(number: float) -> str:
    for unit, letter in _UNITS:
        if abs(number) >= unit:
            return f"{number / unit:g}{letter}"
    return f"{number:g}"


def between(value: float, edges: Sequence[float], names: Sequence[str]) -> str:
    """Return the name of the band a value is in; one more name than edges."""
    return names[sum(value >= edge for edge in edges)]

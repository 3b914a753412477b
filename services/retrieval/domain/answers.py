"""What somebody asked for: answers about what an item should be."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CATEGORY, PRICE = "category", "price"
"""Answers about what every item has beside its attributes; a price is in the home currency."""
MOST_ANSWERS = 32
MOST_VALUES = 16
_COMPARED = re.compile(r"\s*(<=|>=|<|>|≤|≥)\s*(-?\d+(?:[.,]\d+)?)\s*[^\d\s]{0,8}\s*")
_LEAST, _MOST = "least", "most"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: any of some values, or a number within bounds."""

    name: str
    """Of the attribute, as items have it."""
    values: tuple[str, ...] = ()
    least: float = -math.inf
    most: float = math.inf
    is_standing: bool = False
    """Whether it was given some time ago, and is not what this request asks for."""

    @property
    def is_range(self) -> bool:
        """Whether it sets bounds, which nothing may be outside of."""
        return self.least > -math.inf or self.most < math.inf


def read_answer(name: str, said: object) -> Answer | None:
    """Return an answer that came as JSON; None where it says nothing.

    A text or a number is a value, a list any of its values; `{"least": 20, "most": 50}`, `"<= 50"`
    and `"> 20 l"` are bounds.
    """
    if isinstance(said, Mapping):
        bounds = (_finite(said.get(_LEAST)), _finite(said.get(_MOST)))
        return _range(name, *bounds)
    if isinstance(said, str) and (compared := _COMPARED.fullmatch(said)):
        return _compared(name, compared[1], float(compared[2].replace(",", ".")))
    listed = said if isinstance(said, Sequence) and not isinstance(said, str) else (said,)
    values = tuple(filter(None, map(_text, listed)))[:MOST_VALUES]
    return Answer(name, values) if values else None


def _compared(name: str, sign: str, number: float) -> Answer:
    if sign in ("<", "<=", "≤"):
        return Answer(name, most=math.nextafter(number, -math.inf) if sign == "<" else number)
    return Answer(name, least=math.nextafter(number, math.inf) if sign == ">" else number)


def _range(name: str, least: float | None, most: float | None) -> Answer | None:
    if least is None and most is None:
        return None
    return Answer(
        name,
        least=-math.inf if least is None else least,
        most=math.inf if most is None else most,
    )


def _finite(said: object) -> float | None:
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        return None
    try:
        number = float(said)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _text(said: object) -> str:
    """Return a value in the form in which catalogues have it."""
    if isinstance(said, bool):
        return "true" if said else "false"
    if isinstance(said, (int, float)):
        return f"{said:.15g}" if math.isfinite(said) else ""
    return said.strip() if isinstance(said, str) else ""

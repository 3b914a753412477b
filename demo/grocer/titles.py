"""Turns the grocer's abbreviated product types and sizes into titles that people understand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from demo.grocer.departments import DEPARTMENTS
from demo.grocer.phrases import CATEGORIES, TYPES
from demo.grocer.words import ABBREVIATIONS, NOUN_FIRST, PROPER, VAGUE

LONGEST_TYPE = 30
TORN_LETTERS = 4  # a rest this short can no longer be read

# What a type begins with, and what that says; the rest of the type follows it.
PREFIXES = (
    ("SEAFOOD-FRE-", "FRESH "),
    ("SEAFOOD-FRZ-", "FROZEN "),
    ("SEAFOOD-MISC-", ""),
    ("SW GDS:", ""),
    ("PREP FD:", "PREPARED "),
    ("SV BEV:", ""),
    ("COFF SHOP:", "COFFEE SHOP "),
    ("DL SPEC:", ""),
    ("MISC:", ""),
    ("NUT SUPP-", "SUPPLEMENT: "),
    ("FM-", ""),
)

UNITS = {
    "OZ": "oz",
    "Z": "oz",
    "FLOZ": "fl oz",
    "LB": "lb",
    "CT": "count",
    "CTN": "carton",
    "ML": "ml",
    "L": "liters",
    "LTR": "liters",
    "IN": "inch",
    "PK": "pack",
    "QT": "quart",
    "GA": "gallon",
    "GAL": "gallon",
    "PT": "pint",
    "FT": "ft",
    "SQFT": "sq ft",
    "STEM": "stems",
    "PC": "pieces",
    "LOAD": "loads",
    "LOADS": "loads",
    "LD": "loads",
    "LDS": "loads",
    "DZ": "dozen",
    "GM": "g",
    "CM": "cm",
    "YD": "yards",
    "CUP": "cups",
}
WHOLE = {"PT": "1 pint", "QT": "1 quart", "GAL": "1 gallon", "L": "1 liter", "LB": "per lb"}
_AMOUNT = r"(\d*\.?\d+(?:/\d+)?(?:-\d*\.?\d+)?)"
_ONE = re.compile(rf"^{_AMOUNT} ?([A-Z]+)$")
_MANY = re.compile(rf"^{_AMOUNT} ?(?:PK|CT) ?/? ?{_AMOUNT} ?([A-Z]+)$")


def category_path(department: str, category: str | None) -> str:
    """Name a category as ``Department > Category``."""
    return f"{DEPARTMENTS.get(department) or plain_words(department, ' & ')} > {_leaf(category)}"


def _leaf(category: str | None) -> str:
    if category is None:
        return "Other"
    return CATEGORIES.get(category) or plain_words(category, " & ")


def product_name(category: str | None, product_type: str) -> str:
    """Say in plain words what a product is, without brand and size."""
    known = TYPES.get(f"{category}|{product_type}") or TYPES.get(product_type)
    if known:
        return known
    plain = plain_words(_without_torn_end(product_type), " or ")
    return f"{_leaf(category)}, {plain.lower()}" if product_type in VAGUE else plain


def _without_torn_end(product_type: str) -> str:
    """Drop the rest of a word where the type was cut off at its greatest length."""
    if len(product_type) < LONGEST_TYPE or "(" in product_type:
        return product_type
    kept, _, last = product_type.rpartition(" ")
    return kept if kept and len(last) <= TORN_LETTERS else product_type


def package_size(size: str | None) -> str:
    """Write a package size out: ``1/2 GAL`` as 1/2 gallon; empty where there is none."""
    text = re.sub(
        r"\s+", " ", (size or "").upper().replace("FL OZ", "FLOZ").replace("SQ FT", "SQFT")
    )
    text = text.strip(" *").rstrip(".")
    if text in WHOLE:
        return WHOLE[text]
    if many := _MANY.match(text):
        count, amount, unit = many.groups()
        return f"{_number(count)} × {_number(amount)} {UNITS.get(unit, unit.lower())}"
    if one := _ONE.match(text):
        amount, unit = one.groups()
        return f"{_number(amount)} {_singular(amount, UNITS.get(unit, unit.lower()))}"
    return UNITS.get(text, text.lower())


def _number(amount: str) -> str:
    return re.sub(r"(?<!\d)\.", "0.", amount)


def _singular(amount: str, unit: str) -> str:
    plural = unit in ("liters", "stems", "pieces", "loads", "yards", "cups")
    return unit[:-1] if plural and amount == "1" else unit


def plain_words(text: str, between: str) -> str:
    """Spell out abbreviations and drop brackets; ``between`` joins what stood between slashes."""
    parts = [_spell(part) for part in _prepared(text).split("/") if part.strip(" ,")]
    joined = between.join((", ".join(parts[:-1]), parts[-1])) if len(parts) > 1 else "".join(parts)
    joined = re.sub(r"\s+", " ", joined).strip(" ,&-.")
    return joined[:1].upper() + joined[1:]


def _prepared(text: str) -> str:
    for prefix, meaning in PREFIXES:
        if text.startswith(prefix):
            text = meaning + text.removeprefix(prefix).strip()
    text = re.sub(r"\([^)]*\)?", " ", text)
    text = re.sub(r"\bW/ ?", "with ", text)
    text = re.sub(r"-MAGAZINE$", " MAGAZINE", text)
    text = re.sub(r"\s*&\s*", " & ", text)
    text = re.sub(r"\s*:\s*|\s+-\s*|\s*-\s+", ", ", text)
    first, _, rest = text.partition(" ")
    rest = rest.strip()
    turns = first in NOUN_FIRST and rest and not set(rest) & set(",&")
    return f"{rest} {first}" if turns else text


def _spell(part: str) -> str:
    return " ".join(_word(word) for word in part.split() if word != "ALL")


def _word(word: str) -> str:
    bare = word.rstrip(",")
    plain = ABBREVIATIONS.get(bare) or PROPER.get(bare)
    if plain is None:
        pieces = bare.split("-")
        plain = "-".join(ABBREVIATIONS.get(p, PROPER.get(p, p.lower())) for p in pieces)
    return plain + word[len(bare) :]


def distinct_titles(names: Sequence[str], origins: Sequence[str]) -> list[str]:
    """Tell equal names apart by where they come from, and within that by a running kind.

    The first of a kind has no number: best begin with the commonest.
    """
    seen: dict[tuple[str, str], int] = {}
    titles = []
    for name, origin in zip(names, origins, strict=True):
        kind = seen[name, origin] = seen.get((name, origin), 0) + 1
        titles.append(f"{name} ({origin}{f', kind {kind}' if kind > 1 else ''})")
    return titles

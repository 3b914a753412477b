"""What an agent says: a short script with the cart filled in, and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.scenario.domain.carts import Cart
from shared.languages import nearest
from shared.money import from_micros
from shared.spoken import MOST_WORDS, sentences, shortened, words

NAMED = 5
"""Items that are told by title; of the others only how many."""


@dataclass(frozen=True, slots=True)
class _Wording:
    """How a list is told."""

    both: str
    more: str
    some: str
    nothing: str


_ENGLISH = _Wording("{} and {}", "{} and {} more", "some items", "nothing")
_WORDINGS = {
    "en": _ENGLISH,
    "de": _Wording("{} und {}", "{} und {} weitere Artikel", "einige Artikel", "nichts"),
    "es": _Wording("{} y {}", "{} y {} más", "algunos artículos", "nada"),
    "fr": _Wording("{} et {}", "{} et {} autres", "quelques articles", "rien"),
}


def spoken(
    script: str, cart: Cart, titles: Mapping[int, str], currency: str, language: str = ""
) -> str:
    """Fill `{cart}` and `{cart_value}` in; every other brace stays as it is written.

    At most 25 words: fewer items are named where that would be more, and what is too long even
    then ends after a whole sentence or word. `language` is that of the script; empty: English.
    """
    wording = _WORDINGS.get(nearest(language, _WORDINGS), _ENGLISH)
    value = f"{from_micros(cart.value_micros)} {currency}".rstrip()
    for named in range(NAMED, 0, -1):
        contents = _contents(cart, titles, named, wording)
        said = script.replace("{cart}", contents).replace("{cart_value}", value)
        if words(said) <= MOST_WORDS:
            return said
    return shortened(said)


def impersonal(script: str) -> str:
    """Return the sentences of a script that tell nothing of the cart; empty where none is left."""
    return " ".join(said for said in sentences(script) if "{cart" not in said)


def _contents(cart: Cart, titles: Mapping[int, str], most: int, wording: _Wording) -> str:
    named = [
        _line(titles[offer_no], quantity)
        for offer_no, quantity in zip(cart.offer_nos, cart.quantities)
        if titles.get(offer_no)
    ]
    more = len(cart.offer_nos) - len(named[:most])
    if not named:
        return wording.some if more else wording.nothing
    if more:
        return wording.more.format(", ".join(named[:most]), more)
    *first, last = named
    return wording.both.format(", ".join(first), last) if first else last


def _line(title: str, quantity: float) -> str:
    return title if quantity <= 1 else f"{quantity:g} × {title}"

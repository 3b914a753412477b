"""What an agent says: a short script with the cart filled in, and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping

from services.scenario.domain.scenario import Cart
from shared.money import from_micros

NAMED = 5
"""Items that are told by title; of the others only how many."""
MOST_WORDS = 25


def spoken(script: str, cart: Cart, titles: Mapping[int, str], currency: str) -> str:
    """Fill `{cart}` and `{cart_value}` in; every other brace stays as it is written.

    At most 25 words: fewer items are named where that would be more, and what is too long even
    then ends after a whole word.
    """
    value = f"{from_micros(cart.value_micros)} {currency}".rstrip()
    for named in range(NAMED, 0, -1):
        contents = _contents(cart, titles, named)
        said = script.replace("{cart}", contents).replace("{cart_value}", value)
        if len(said.split()) <= MOST_WORDS:
            return said
    return f"{' '.join(said.split()[:MOST_WORDS])} …"


def _contents(cart: Cart, titles: Mapping[int, str], most: int) -> str:
    named = [
        _line(titles[offer_no], quantity)
        for offer_no, quantity in zip(cart.offer_nos, cart.quantities)
        if titles.get(offer_no)
    ]
    more = len(cart.offer_nos) - len(named[:most])
    if not named:
        return "some items" if more else "nothing"
    if more:
        return f"{', '.join(named[:most])} and {more} more"
    *first, last = named
    return f"{', '.join(first)} and {last}" if first else last


def _line(title: str, quantity: float) -> str:
    return title if quantity <= 1 else f"{quantity:g} × {title}"

"""What an agent says: a script with the cart filled in, and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping

from services.scenario.domain.scenario import Cart
from shared.money import from_micros

NAMED = 5
"""Items that are told by title; of the others only how many."""


def spoken(script: str, cart: Cart, titles: Mapping[int, str], currency: str) -> str:
    """Fill `{cart}` and `{cart_value}` in; every other brace stays as it is written."""
    if "{cart" not in script:
        return script
    value = f"{from_micros(cart.value_micros)} {currency}".rstrip()
    return script.replace("{cart}", _contents(cart, titles)).replace("{cart_value}", value)


def _contents(cart: Cart, titles: Mapping[int, str]) -> str:
    named = [
        _line(titles[offer_no], quantity)
        for offer_no, quantity in zip(cart.offer_nos, cart.quantities)
        if titles.get(offer_no)
    ]
    more = len(cart.offer_nos) - len(named[:NAMED])
    if not named:
        return "some items" if more else "nothing"
    if more:
        return f"{', '.join(named[:NAMED])} and {more} more"
    *first, last = named
    return f"{', '.join(first)} and {last}" if first else last


def _line(title: str, quantity: float) -> str:
    return title if quantity <= 1 else f"{quantity:g} × {title}"

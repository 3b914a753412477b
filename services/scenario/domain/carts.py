"""What lies in a cart, and what a journey began with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cart:
    """What lies in a cart; columns of equal length."""

    offer_nos: tuple[int, ...] = ()
    quantities: tuple[float, ...] = ()
    value_micros: int = 0


NO_CART = Cart()


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a journey began with."""

    cart: Cart = NO_CART
    item_no: int = 0
    """The item or offer of the event, 0 for none."""

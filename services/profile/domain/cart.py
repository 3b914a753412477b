"""What lies in the cart: changes after the last purchase of each item, replayed in time order."""

from __future__ import annotations

from bisect import insort
from typing import NamedTuple

from services.profile.domain.event import DAY_US
from services.profile.domain.making import maker

MAX_LINES = 100
MAX_BOUGHT = 20
"""Lines with nothing in them, which only keep late changes from what was bought already."""
MAX_CHANGES = 16
FORGOTTEN_AFTER_US = 30 * DAY_US


class Change(NamedTuple):
    """Something put in or taken out."""

    time_us: int
    quantity: float
    """Negative when taken out."""
    price_micros: int
    """Price of one; 0: unknown."""


class Line(NamedTuple):
    """One item: a purchase clears what was changed up to then."""

    cleared_us: int
    changes: tuple[Change, ...]
    """After `cleared_us`, by time."""


class CartItem(NamedTuple):
    """An item in the cart."""

    offer_no: int
    quantity: float
    price_micros: int


Cart = dict[int, Line]
_EMPTY = Line(-1, ())
_LINE = maker(Line)
_SLACK = 40


def change(cart: Cart, offer_no: int, change: Change) -> None:
    """Put in or take out."""
    line = cart.get(offer_no, _EMPTY)
    if change.time_us > line.cleared_us:
        cart[offer_no] = Line(line.cleared_us, _folded([*line.changes, change]))
        _bound(cart, _SLACK)


def clear(cart: Cart, offer_no: int, time_us: int) -> None:
    """Note that the item was bought; known also when nothing lies there, for late changes."""
    line = cart.get(offer_no, _EMPTY)
    if time_us > line.cleared_us:
        changes = line.changes
        left = tuple([each for each in changes if each.time_us > time_us]) if changes else ()
        cart[offer_no] = _LINE((time_us, left))
        _bound(cart, _SLACK)


def merge(into: Cart, other: Cart) -> None:
    for offer_no, more in other.items():
        known = into.get(offer_no)
        if known is None:
            into[offer_no] = more
            continue
        cleared_us = max(known.cleared_us, more.cleared_us)
        changes = [c for c in (*known.changes, *more.changes) if c.time_us > cleared_us]
        into[offer_no] = Line(cleared_us, _folded(changes))


def prune(cart: Cart) -> None:
    """Keep the lines touched last."""
    _bound(cart, 0)


def items(cart: Cart, now_us: int) -> list[CartItem]:
    """Return what lies there now, last touched first, at most 100 items."""
    found = []
    for offer_no, line in cart.items():
        touched_us = _touched_us(line)
        if line.changes and touched_us > now_us - FORGOTTEN_AFTER_US:
            quantity, price_micros = _replayed(line.changes)
            if quantity > 0.0:
                found.append((-touched_us, offer_no, quantity, price_micros))
    found.sort()
    return [CartItem(*entry[1:]) for entry in found[:MAX_LINES]]


def _replayed(changes: tuple[Change, ...]) -> tuple[float, int]:
    quantity, price_micros = 0.0, 0
    for _, more, price in changes:
        quantity = max(0.0, quantity + more)
        price_micros = price or price_micros
    return quantity, price_micros


def _folded(changes: list[Change]) -> tuple[Change, ...]:
    """Return the changes by time, the oldest made one where there are too many."""
    ordered: list[Change] = []
    for entry in changes:
        insort(ordered, entry)
    surplus = len(ordered) - MAX_CHANGES
    if surplus > 0:
        oldest = tuple(ordered[: surplus + 1])
        ordered[: surplus + 1] = [Change(oldest[-1].time_us, *_replayed(oldest))]
    return tuple(ordered)


def _bound(cart: Cart, slack: int) -> None:
    """Keep the lines touched last, and of those only bought the last few."""
    if len(cart) <= MAX_BOUGHT + slack:
        return
    touched = sorted(cart, key=lambda offer_no: (-_touched_us(cart[offer_no]), offer_no))
    filled = [offer_no for offer_no in touched if cart[offer_no].changes]
    bought = [offer_no for offer_no in touched if not cart[offer_no].changes]
    for offer_no in (*filled[MAX_LINES:], *bought[MAX_BOUGHT:]):
        del cart[offer_no]


def _touched_us(line: Line) -> int:
    return line.changes[-1].time_us if line.changes else line.cleared_us

"""Which of the times that somebody came as far as a scenario were with another cart."""

from __future__ import annotations

from collections.abc import Sequence


def carts_beside(cart_nos: Sequence[int], earlier: Sequence[Sequence[int]]) -> int:
    """Return with how many other carts somebody came before; lists of items, oldest cart first.

    Whoever puts something more into a cart, or takes something out, has the same one still: so two
    are the same where all that is in one is in the other. Nothing is no cart, and counts each time.
    """
    known = [frozenset(cart_nos)]
    came = 0
    for items in map(frozenset, reversed(earlier)):
        if not any(items and other and (items <= other or other <= items) for other in known):
            known.append(items)
            came += 1
    return came

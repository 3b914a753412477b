"""POPULAR: what many bought lately, the near before the far; in a fresh shop the newest."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from shared.catalogue import Catalogue

_SPARE = 2
_WIDER = 8
_DEPTH = 2
"""A part of the shop lies so deep: `Electronics > PCs`."""
ELSEWHERE = 0.08
"""How often things of other parts of the shop are bought, beside those of the parts that somebody
liked before: 0.078 over two months of the story shop, at depth 1 as at depth 2."""


class Popular:
    """Takes from the top of the shelf, and of the parts of the shop that this is about."""

    is_personal = False

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        shelf, places = query.shelf, _top(query)
        strength = shelf.strength[places]
        near = self._near(query)
        if near.any():
            places, strength = _nearest_first(places, near, query)
        return Proposals.of(shelf.ranked[places], strength, 0, evidence_counts=shelf.sold[places])

    def _near(self, query: Query) -> NDArray[np.bool_]:
        """Return which places this is about: those on the page, or else by the cart, or taste."""
        of_item, person = self._catalogue.category_no, query.person
        page = (query.category_no, *of_item[list(query.item_nos[:1])].tolist())
        if any(page):
            return _within(self._parts(page), query)
        cart = set(of_item[list(query.cart_nos)].tolist()) - {0}
        if cart:
            # Of what lies in the cart already there is no need of another.
            beside = {self._catalogue.categories.parent(number) or number for number in cart}
            return _within(beside, query) & ~_within(cart - beside, query)
        visit, liked = (person.visit, person.liked) if person else (None, ())
        taste = (visit.category_no if visit else 0, *(number for number, _ in liked))
        return _within(self._parts(taste), query)

    def _parts(self, category_nos: Iterable[int]) -> set[int]:
        path = self._catalogue.categories.path
        return {path(number)[:_DEPTH][-1] for number in category_nos if number}


def _within(category_nos: Iterable[int], query: Query) -> NDArray[np.bool_]:
    """Return which places of the shelf are of these categories or below them."""
    within = np.zeros(len(query.shelf.ranked), np.bool_)
    for number in category_nos:
        within[query.shelf.in_category(number)] = True
    return within


def _top(query: Query) -> NDArray[np.int64]:
    """Return the first places of the shelf that may be shown, as many as are wanted."""
    ranked = query.shelf.ranked
    looked_at = _SPARE * query.limit
    while True:
        places = np.flatnonzero(query.showable[ranked[:looked_at]])
        if len(places) >= query.limit or looked_at >= len(ranked):
            return places[: query.limit]
        looked_at *= _WIDER


def _nearest_first(
    top: NDArray[np.int64], is_near: NDArray[np.bool_], query: Query
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Return places and their strength: the best of what is near, beside the whole shop's best."""
    shelf = query.shelf
    near = np.flatnonzero(is_near)
    near = near[query.showable[shelf.ranked[near]]][: query.limit]
    places = np.concatenate((near, top[~is_near[top]]))
    strength = shelf.strength[places]
    strength[len(near) :] *= ELSEWHERE
    best = np.argsort(-strength, kind="stable")[: query.limit]
    return places[best], strength[best]

"""POPULAR: what many bought lately, the near before the far; in a fresh shop the newest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
        shelf, near = query.shelf, self._near(query)
        top = _first_shown(shelf.every_place, query)
        places, strength = _nearest_first(top, near, query) if near else (top, shelf.strength[top])
        return Proposals.of(shelf.ranked[places], strength, 0, evidence_counts=shelf.sold[places])

    def _near(self, query: Query) -> list[NDArray[np.int64]]:
        """Return places of what this is about: the page, or else the cart, or taste."""
        of_item, person = self._catalogue.category_no, query.person
        page = (query.category_no, *(int(of_item[no]) for no in query.item_nos[:1]))
        if any(page):
            return _within(self._parts(page), query)
        cart = {int(of_item[no]) for no in query.cart_nos} - {0}
        if cart:
            # Of what lies in the cart already there is no need of another.
            beside = {self._catalogue.categories.parent(number) or number for number in cart}
            return _without(cart - beside, _within(beside, query), query)
        visit, liked = (person.visit, person.liked) if person else (None, ())
        taste = (visit.category_no if visit else 0, *(number for number, _ in liked))
        return _within(self._parts(taste), query)

    def _parts(self, category_nos: Iterable[int]) -> set[int]:
        part_of = self._catalogue.categories.at_depth(_DEPTH)
        return {int(part_of[number]) for number in category_nos if number}


def _within(category_nos: Iterable[int], query: Query) -> list[NDArray[np.int64]]:
    """Return the places of each category with those below it, of those that have any."""
    listed = map(query.shelf.in_category, category_nos)
    return [places for places in listed if len(places)]


def _without(
    category_nos: Iterable[int], listed: Sequence[NDArray[np.int64]], query: Query
) -> list[NDArray[np.int64]]:
    """Take places of categories out of lists, and the lists out that are then empty."""
    unwanted = np.zeros(len(query.shelf.ranked), np.bool_)
    for number in category_nos:
        unwanted[query.shelf.in_category(number)] = True
    left = (places[~unwanted[places]] for places in listed)
    return [places for places in left if len(places)]


def _first_shown(places: NDArray[np.int64], query: Query) -> NDArray[np.int64]:
    """Return the first places that may be shown, as many as are wanted."""
    ranked = query.shelf.ranked
    looked_at = _SPARE * query.limit
    while True:
        first = places[:looked_at]
        shown = first[query.showable[ranked[first]]]
        if len(shown) >= query.limit or looked_at >= len(places):
            return shown[: query.limit]
        looked_at *= _WIDER


def _nearest_first(
    top: NDArray[np.int64], listed: Sequence[NDArray[np.int64]], query: Query
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Return places and their strength: the best of what is near, beside the whole shop's best."""
    shelf = query.shelf
    is_near = np.zeros(len(shelf.ranked), np.bool_)
    for places in listed:
        is_near[_first_shown(places, query)] = True
    near = is_near.nonzero()[0][: query.limit]
    found = np.concatenate((near, top[~is_near[top]]))
    strength = shelf.strength[found]
    strength[len(near) :] *= ELSEWHERE
    best = (-strength).argsort(kind="stable")[: query.limit]
    return found[best], strength[best]

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
        parts = self._parts(query)
        if parts:
            places, strength = _nearest_first(places, parts, query)
        return Proposals.of(shelf.ranked[places], strength, 0, evidence_counts=shelf.sold[places])

    def _parts(self, query: Query) -> set[int]:
        """Return what this is about: what is on the page, else in the cart, else the taste."""
        of_item, person = self._catalogue.category_no, query.person
        visit, liked = (person.visit, person.liked) if person else (None, ())
        return (
            self._above((query.category_no, *of_item[list(query.item_nos[:1])].tolist()))
            or self._above(of_item[list(query.cart_nos)].tolist())
            or self._above((visit.category_no if visit else 0, *(number for number, _ in liked)))
        )

    def _above(self, category_nos: Iterable[int]) -> set[int]:
        path = self._catalogue.categories.path
        return {path(number)[:_DEPTH][-1] for number in category_nos if number}


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
    top: NDArray[np.int64], parts: Iterable[int], query: Query
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Return places and strength: the best of these parts of the shop, beside the whole shop's."""
    shelf = query.shelf
    is_near = np.zeros(len(shelf.ranked), np.bool_)
    for part in parts:
        is_near[shelf.in_category(part)[: _SPARE * query.limit]] = True
    near = np.flatnonzero(is_near)
    near = near[query.showable[shelf.ranked[near]]]
    places = np.concatenate((near, top[~is_near[top]]))
    strength = shelf.strength[places]
    strength[len(near) :] *= ELSEWHERE
    best = np.argsort(-strength, kind="stable")[: query.limit]
    return places[best], strength[best]

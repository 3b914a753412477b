"""Walks down what is ranked until enough of it may be shown, looking at as little as that takes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import Query

_SPARE = 2
_WIDER = 8
_WALKED = 16_384
"""So far it is walked each time; what may be shown of all that follows is listed once."""

Usable = Callable[[NDArray[np.int64]], NDArray[np.bool_]]


def first_usable(things: NDArray[np.int64], count: int, usable: Usable) -> NDArray[np.int64]:
    """Return where among some things, best first, the first `count` usable ones stand."""
    looked_at = _SPARE * count
    while True:
        found = usable(things[:looked_at]).nonzero()[0]
        if len(found) >= count or looked_at >= len(things):
            return found[:count]
        looked_at *= _WIDER


def first_shown(query: Query, family_nos: NDArray[np.integer], count: int) -> NDArray[np.int64]:
    """Return where among some families, best first, the first `count` stand that may be shown."""
    numbers = family_nos.astype(np.int64, copy=False)
    represent = query.shelf.representatives
    return first_usable(numbers, count, lambda some: query.shows(represent(some)))


def best_shown(
    query: Query, category_no: int, count: int, wanted: Usable | None = None
) -> NDArray[np.int64]:
    """Return the first `count` places of a category that may be shown; 0: of the whole shelf.

    `wanted` says of offers which of them are.
    """
    ranked, showing = query.shelf.ranked, query.showing
    places = query.shelf.in_category(category_no) if category_no else query.shelf.every_place

    def usable(some: NDArray[np.int64]) -> NDArray[np.bool_]:
        shown = query.shows(ranked[some])
        if wanted is not None:
            shown &= wanted(ranked[some])
        return shown

    listed = showing.listed(category_no, ranked)
    if listed is None:
        walked = places[:_WALKED]
        found = first_usable(walked, count, usable)
        if len(found) >= count or len(places) <= _WALKED:
            return walked[found]
        listed = showing.look_through(category_no, ranked, places)
    return listed[first_usable(listed, count, usable)]

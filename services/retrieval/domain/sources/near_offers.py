"""OFFER: promotions, contents, services and surveys near the person and the moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from shared.catalogue import Catalogue

_IN_VIEW = 1.0
_VIEWED = 0.9
_IN_CART = 0.8
_LIKED = 0.6
_MOST_LIKED = 4
_MOST_ITEMS = 6
_PER_STEP_UP = 0.9
_OF_ITEMS = 0.9
"""An offer about the category of an item counts a little less than one about the item."""
_ABOUT_NOTHING = 0.2
_TO_TASTE = 0.7
"""An offer right where a taste points is as near as a category liked very much."""
_LEAST_TO_TASTE = 0.1
_MOST_TO_TASTE = 50

_Nearness = dict[int, tuple[float, int]]
"""Category, family or offer to how near it is, 0 to 1, and the item that brings it near, or 0."""


class NearOffers:
    """Matches what offers are about with what the moment is about."""

    is_personal = False

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        if not query.wants_offers:
            return NO_PROPOSALS
        offers = query.shelf.offers
        families, categories = self._moment(query)
        near = dict.fromkeys(offers.about_nothing, (_ABOUT_NOTHING, 0))
        _look_up(offers.by_category, categories, near)
        _look_up(offers.by_family, families, near)
        _add_to_taste(query, near)
        # These are a few, and for a few plain Python is quicker than arrays.
        may_be_shown = query.showable[list(near)].tolist() if near else ()
        shown = [no for no, may_be in zip(near, may_be_shown) if may_be]
        shown.sort(key=lambda no: -near[no][0])
        best = shown[: query.limit]
        return Proposals.of(
            np.array(best, np.int64),
            np.array([near[no][0] for no in best]),
            np.array([near[no][1] for no in best], np.uint32),
        )

    def _moment(self, query: Query) -> tuple[_Nearness, _Nearness]:
        """Return the families and the categories that the moment is about."""
        families: _Nearness = {}
        categories: _Nearness = {}
        person = query.person
        visit = person.visit if person else None
        self._add_items(families, categories, query.item_nos, _IN_VIEW)
        self._add_category(categories, query.category_no, _IN_VIEW, 0)
        if visit:
            last = visit.item_nos[0] if visit.item_nos else 0
            self._add_category(categories, visit.category_no, _VIEWED, last)
            self._add_items(families, categories, visit.item_nos, _VIEWED)
        self._add_items(families, categories, query.cart_nos, _IN_CART)
        for category_no, affinity in person.liked[:_MOST_LIKED] if person else ():
            self._add_category(categories, category_no, _LIKED * (0.5 + 0.5 * affinity), 0)
        return families, categories

    def _add_items(
        self, families: _Nearness, categories: _Nearness, item_nos: Sequence[int], nearness: float
    ) -> None:
        catalogue = self._catalogue
        for item_no in item_nos[:_MOST_ITEMS]:
            _raise_to(families, int(catalogue.family_no[item_no]), nearness, item_no)
            category_no = int(catalogue.category_no[item_no])
            self._add_category(categories, category_no, _OF_ITEMS * nearness, item_no)

    def _add_category(
        self, categories: _Nearness, category_no: int, nearness: float, item_no: int
    ) -> None:
        """Add a category and those above it: an offer about all of TV is near a 4K television."""
        while category_no and _raise_to(categories, category_no, nearness, item_no):
            category_no = self._catalogue.categories.parent(category_no)
            nearness *= _PER_STEP_UP


def _raise_to(nearnesses: _Nearness, key: int, nearness: float, item_no: int) -> bool:
    """Return whether it was not as near before."""
    known = nearnesses.get(key)
    if known is not None and known[0] >= nearness:
        return False
    nearnesses[key] = (nearness, item_no)
    return True


def _add_to_taste(query: Query, near: _Nearness) -> None:
    """Add the offers about what the person would like, by cosine."""
    if query.taste is None:
        return
    nos, cosines = query.offer_tastes.nearest(query.taste.unit, _MOST_TO_TASTE)
    for offer_no, cosine in zip(nos.tolist(), cosines.tolist()):
        if cosine < _LEAST_TO_TASTE:
            return
        _raise_to(near, offer_no, _TO_TASTE * min(cosine, 1.0), 0)


def _look_up(listed: Mapping[int, Sequence[int]], things: _Nearness, near: _Nearness) -> None:
    """Add the offers about some things, each as near as the nearest of them."""
    for thing, (nearness, item_no) in things.items():
        for offer_no in listed.get(thing, ()):
            _raise_to(near, offer_no, nearness, item_no)

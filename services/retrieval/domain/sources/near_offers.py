"""OFFER: promotions, contents, services and surveys near the person and the moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.answers import CATEGORY
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from services.retrieval.domain.walking import first_usable
from shared.catalogue import Catalogue

_IN_VIEW = 1.0
_VIEWED = 0.9
_IN_CART = 0.8
_BOUGHT = 0.7
"""A guide, a service or a survey is about what somebody has; it fades over `_BOUGHT_DAYS`."""
_BOUGHT_DAYS = 60.0
_MOST_BOUGHT = 6
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
_MOST_PER_THING = 200
"""Offers that are looked at of one category or family."""
_MINUTE_US = 60_000_000
_MINUTES_OF_DAY = 1440

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
        near = dict.fromkeys(_first(offers.about_nothing, query), (_ABOUT_NOTHING, 0))
        _look_up(offers.by_category, categories, near, query)
        _look_up(offers.by_family, families, near, query)
        _add_to_taste(query, near)
        # These are a few, and for a few plain Python is quicker than arrays.
        may_be_shown = query.shows(np.array(list(near), np.int64)).tolist()
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
        for answer in query.answers:
            is_in_view = answer.name == CATEGORY and not answer.is_standing
            for path in answer.values if is_in_view else ():
                self._add_category(categories, self._catalogue.categories.find(path), _IN_VIEW, 0)
        if visit:
            last = visit.item_nos[0] if visit.item_nos else 0
            self._add_category(categories, visit.category_no, _VIEWED, last)
            self._add_items(families, categories, visit.item_nos, _VIEWED)
        self._add_items(families, categories, query.cart_nos, _IN_CART)
        for item_no, nearness in self._bought_lately(query):
            self._add_items(families, categories, (item_no,), nearness)
        for category_no, affinity in person.liked[:_MOST_LIKED] if person else ():
            self._add_category(categories, category_no, _LIKED * (0.5 + 0.5 * affinity), 0)
        return families, categories

    def _bought_lately(self, query: Query) -> Iterator[tuple[int, float]]:
        """Yield what the person bought last, a family by its root, and how near that still is."""
        person = query.person
        if person is None:
            return
        now_minutes = query.now_us // _MINUTE_US
        last = zip(
            person.owned_family_nos[:_MOST_BOUGHT].tolist(),
            person.bought_minutes[:_MOST_BOUGHT].tolist(),
        )
        for family_no, minutes in last:
            days = (now_minutes - minutes) / _MINUTES_OF_DAY
            if family_no < self._catalogue.size and days < _BOUGHT_DAYS:
                yield family_no, _BOUGHT * (1.0 - 0.5 * days / _BOUGHT_DAYS)

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


def _look_up(
    listed: Mapping[int, NDArray[np.int64]], things: _Nearness, near: _Nearness, query: Query
) -> None:
    """Add the offers about some things, each as near as the nearest of them."""
    for thing, (nearness, item_no) in things.items():
        if thing in listed:
            for offer_no in _first(listed[thing], query):
                _raise_to(near, offer_no, nearness, item_no)


def _first(offer_nos: NDArray[np.int64], query: Query) -> list[int]:
    """Return the most valuable offers; of many those that are running, and for here."""
    if len(offer_nos) > _MOST_PER_THING:
        offer_nos = offer_nos[first_usable(offer_nos, _MOST_PER_THING, query.shows_known)]
    first: list[int] = offer_nos.tolist()
    return first

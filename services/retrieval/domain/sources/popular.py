"""POPULAR: what many bought lately, here and of their kind; in a fresh shop the newest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import ascending
from services.retrieval.domain.lifts import Lift, Lifts
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, is_any_of
from services.retrieval.domain.shelf import Shelf
from services.retrieval.domain.sifting import AnyShowing
from services.retrieval.domain.walking import best_shown
from shared.catalogue import Catalogue

_LEAST_STRENGTH = 1e-9
_MOST_REMEMBERED = 512
_LARGEST_REMEMBERED = 1_000
_NONE = np.zeros(0, np.int64)
_EVERYTHING = 0
_DEPTH = 2
"""A part of the shop lies so deep: `Electronics > PCs`."""
ELSEWHERE = 0.08
"""How often things of other parts of the shop are bought, beside those of the parts that somebody
liked before: 0.078 over two months of the story shop, at depth 1 as at depth 2."""


@dataclass(frozen=True, slots=True)
class _Near:
    """What a request is about."""

    category_nos: Sequence[int]
    """Parts of the shop of which anything is to be had."""
    unwanted: NDArray[np.bool_] | None = None
    """Category number to whether there is no need of another of it."""


class Popular:
    """Takes from the top of the shelf, and of the parts of the shop that this is about."""

    is_personal = False

    def __init__(self, catalogue: Catalogue, lifts: Callable[[], Lifts] = Lifts) -> None:
        self._catalogue = catalogue
        self._lifts = lifts
        self._remembered: dict[tuple[tuple[str, ...], str, int], tuple[AnyShowing, Proposals]] = {}
        self._remembered_of: tuple[Shelf | None, Lifts | None] = (None, None)

    def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        lifts = self._lifts()
        persona = query.person.persona if query.person else ""
        crowds = lifts.found(query.placements, persona)
        near = self._places_near(query)
        if len(near):
            top = best_shown(query, _EVERYTHING, query.limit)
            places, strength = _nearest_first(top, near, query)
            return self._ranked(places, strength, crowds, (), query)
        showing = query.showing
        if query.excluded_nos or query.limit > _LARGEST_REMEMBERED or not showing.is_lasting:
            return self._of_the_shop(crowds, query)
        known = self._known(query.shelf, lifts)
        key = (query.placements if crowds else (), persona if crowds else "", query.limit)
        found = known.get(key)
        if found is None or found[0] is not showing:
            found = known[key] = showing, self._of_the_shop(crowds, query)
        return found[1]

    def _of_the_shop(self, crowds: Sequence[Lift], query: Query) -> Proposals:
        top = best_shown(query, _EVERYTHING, query.limit)
        return self._ranked(top, query.shelf.strength[top], crowds, crowds, query)

    def _known(
        self, shelf: Shelf, lifts: Lifts
    ) -> dict[tuple[tuple[str, ...], str, int], tuple[AnyShowing, Proposals]]:
        """Return what was proposed on this shelf where a request is about nothing."""
        of = self._remembered_of
        if of[0] is not shelf or of[1] is not lifts or len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
            self._remembered_of = shelf, lifts
        return self._remembered

    def _ranked(
        self,
        places: NDArray[np.int64],
        strength: NDArray[np.floating],
        crowds: Sequence[Lift],
        adding: Sequence[Lift],
        query: Query,
    ) -> Proposals:
        if crowds:
            return self._lifted(places, strength, crowds, adding, query)
        shelf = query.shelf
        return Proposals.of(shelf.ranked[places], strength, 0, evidence_counts=shelf.sold[places])

    def _lifted(
        self,
        places: NDArray[np.int64],
        strength: NDArray[np.floating],
        lifts: Sequence[Lift],
        adding: Sequence[Lift],
        query: Query,
    ) -> Proposals:
        """Rank by what is taken here and by people alike, and add what they take most of."""
        shelf = query.shelf
        nos, in_shop, sold = shelf.ranked[places], shelf.strength[places], shelf.sold[places]
        nearness = strength / np.maximum(in_shop, _LEAST_STRENGTH)
        for lift in adding:
            more = shelf.representatives(lift.top)
            is_new = query.shows(more) & ~is_any_of(more, nos)
            nos = np.concatenate((nos, more[is_new]))
            sold = np.concatenate((sold, lift.top_sold[is_new]))
        added = len(nos) - len(places)
        in_shop = np.concatenate((in_shop, np.zeros(added)))
        nearness = np.concatenate((nearness, np.ones(added)))
        families = self._catalogue.family_no[nos]
        in_crowds = [lift.strengths_of(families, in_shop) for lift in lifts]
        strength = nearness * (sum(in_crowds) / len(in_crowds))
        best = (-strength).argsort(kind="stable")[: query.limit]
        return Proposals.of(
            nos[best], np.minimum(strength[best], 1.0), 0, evidence_counts=sold[best]
        )

    def _places_near(self, query: Query) -> NDArray[np.int64]:
        """Return the best places of what this is about, ascending."""
        near = self._near(query)
        wanted = None if near.unwanted is None else partial(self._is_wanted, near.unwanted)
        firsts = [best_shown(query, no, query.limit, wanted) for no in near.category_nos]
        if not firsts:
            return _NONE
        return firsts[0] if len(firsts) == 1 else ascending(np.concatenate(firsts))[: query.limit]

    def _is_wanted(
        self, unwanted: NDArray[np.bool_], offer_nos: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        return ~unwanted[self._catalogue.category_no[offer_nos]]

    def _near(self, query: Query) -> _Near:
        """Return what this is about: the page, or else the cart, or taste."""
        of_item, person = self._catalogue.category_no, query.person
        page = (query.category_no, *(int(of_item[no]) for no in query.item_nos[:1]))
        if any(page):
            return _Near(_within(self._parts(page), query))
        cart = {int(of_item[no]) for no in query.cart_nos} - {0}
        if cart:
            # Of what lies in the cart already there is no need of another.
            categories = self._catalogue.categories
            beside = {categories.parent(number) or number for number in cart}
            unwanted = np.zeros(len(categories), np.bool_)
            for number in cart - beside:
                unwanted |= categories.under(number)
            return _Near(_within(beside, query), unwanted)
        visit, liked = (person.visit, person.liked) if person else (None, ())
        taste = (visit.category_no if visit else 0, *(number for number, _ in liked))
        return _Near(_within(self._parts(taste), query))

    def _parts(self, category_nos: Iterable[int]) -> set[int]:
        part_of = self._catalogue.categories.at_depth(_DEPTH)
        return {int(part_of[number]) for number in category_nos if number}


def _within(category_nos: Iterable[int], query: Query) -> list[int]:
    """Return the categories of which, or of those below them, anything is to be had."""
    return [number for number in category_nos if len(query.shelf.in_category(number))]


def _nearest_first(
    top: NDArray[np.int64], near: NDArray[np.int64], query: Query
) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """Return places and their strength: the best of what is near, beside the whole shop's best."""
    shelf = query.shelf
    at = np.minimum(near.searchsorted(top), len(near) - 1)
    found = np.concatenate((near, top[near[at] != top]))
    strength = shelf.strength[found]
    strength[len(near) :] *= ELSEWHERE
    best = (-strength).argsort(kind="stable")[: query.limit]
    return found[best], strength[best]

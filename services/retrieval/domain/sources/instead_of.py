"""INSTEAD_OF: what is in stock and does the same as something that cannot be had now."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.distinct import ascending, firsts
from services.retrieval.domain.likeness import alike, likeness
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, is_any_of
from services.retrieval.domain.sizes import ATTRIBUTE as SIZE
from services.retrieval.domain.variants import VariantFitter
from services.retrieval.domain.walking import best_shown
from shared.catalogue import Catalogue

_MOST_MISSED = 4
_MOST_LOOKED_AT = 3
"""Items of the visit that may have been looked at to buy them."""
_OF_CATEGORY = 100
_MOST = 40
_USE, _PRICE, _ATTRIBUTES = 0.5, 0.3, 0.2
_IN_CATEGORY = 0.4
"""Of how alike in use things are, what being in one leaf category says."""
_LEAST_OF_USE = 0.25
"""Below this, what costs the same is no substitute."""
_DEARER = 2.0
_CHEAPER = 0.5
"""To pay more instead is disliked more than to pay less: powers of the ratio of prices."""
_NOT_KNOWN = 0.5
"""Where no price or no attribute tells."""
_OTHER_VARIANT = 1.0
"""The same thing in another colour stands before all other things."""


_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class _Substitutes:
    """Candidates for one item, as columns."""

    nos: NDArray[np.int64]
    scores: NDArray[np.float64]


class InsteadOf:
    """Looks for substitutes of what is in view, in the cart or was last asked for.

    Alike in use (content, who deals with both, leaf category), near in price, and in the share of
    attributes that are equal. In which size they come is seen to when all is merged.
    """

    is_personal = True

    def __init__(self, catalogue: Catalogue, attributes: Attributes) -> None:
        self._catalogue = catalogue
        self._attributes = attributes
        self._fitter = VariantFitter(catalogue, attributes)

    def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        missed, others = self._missed(query)
        if not len(missed):
            return NO_PROPOSALS
        unwanted = self._catalogue.family_no[[*query.item_nos, *query.cart_nos, *missed.tolist()]]
        found = [
            self._instead(query, item_no, other, unwanted, searched=not at)
            for at, (item_no, other) in enumerate(
                zip(missed.tolist(), others.tolist(), strict=True)
            )
        ]
        nos = np.concatenate([each.nos for each in found])
        scores = np.concatenate([each.scores for each in found])
        evidence = missed.astype(np.uint32).repeat([len(each.nos) for each in found])
        best = (-scores).argsort(kind="stable")
        best = best[firsts(nos[best])]
        best = best[: min(query.limit, _MOST)]
        return Proposals.of(nos[best], scores[best], evidence[best])

    def _missed(self, query: Query) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what cannot be had, and the variant of each that can be, 0 where none can."""
        visit = query.person.visit if query.person else None
        told = visit.missed_nos if visit else ()
        looked_at = visit.item_nos[:_MOST_LOOKED_AT] if visit else ()
        asked = dict.fromkeys((*query.item_nos, *told, *query.cart_nos, *looked_at))
        if not asked:
            return _NONE, _NONE
        nos = np.fromiter(asked, np.int64, len(asked))
        nos = nos[self._catalogue.family_no[nos] > 0]
        told_nos = np.array(told, np.int64)
        # What a caller leaves out, such as what is in view, can be had all the same.
        anything = replace(query, excluded_nos=()) if query.excluded_nos else query
        fitted = self._fitter.fitted(nos, anything, np.zeros(len(nos), np.bool_))
        is_missed = self._is_gone(nos) | (fitted == 0) | is_any_of(nos, told_nos)
        nos, fitted = nos[is_missed][:_MOST_MISSED], fitted[is_missed][:_MOST_MISSED]
        return nos, np.where((fitted != nos) & ~is_any_of(fitted, told_nos), fitted, 0)

    def _is_gone(self, nos: NDArray[np.int64]) -> NDArray[np.bool_]:
        gone: NDArray[np.bool_] = self._catalogue.withdrawn[nos] | (self._catalogue.stock[nos] == 0)
        return gone

    def _instead(
        self,
        query: Query,
        item_no: int,
        other: int,
        unwanted: NDArray[np.uint32],
        *,
        searched: bool,
    ) -> _Substitutes:
        """Return other things in the place of one, behind another variant of it."""
        catalogue = self._catalogue
        family_no, category_no = (
            int(catalogue.family_no[item_no]),
            int(catalogue.category_no[item_no]),
        )
        near, _ = alike(query, family_no, searched=searched)
        of_category = _of_category(query, category_no)
        families = np.concatenate((near, catalogue.family_no[of_category].astype(np.int64)))
        families = ascending(families)
        families = families[~is_any_of(families, unwanted)]
        nos = query.shelf.representatives(families)
        shown = query.shows(nos)
        families, nos = families[shown], nos[shown]
        use = _IN_CATEGORY * (catalogue.category_no[nos] == category_no)
        use += (1.0 - _IN_CATEGORY) * np.clip(likeness(query, family_no, families), 0.0, 1.0)
        scores = (
            _USE * use
            + _PRICE * self._price_suits(item_no, nos)
            + _ATTRIBUTES * self._equal_attributes(item_no, nos)
        )
        does = use >= _LEAST_OF_USE
        first = np.array([other] if other else [], np.int64)
        return _Substitutes(
            np.concatenate((first, nos[does])),
            np.concatenate((np.full(len(first), _OTHER_VARIANT), scores[does])),
        )

    def _price_suits(self, item_no: int, nos: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return 1 for the same price, less for a lower and much less for a higher one."""
        price, *_ = self._catalogue.home_prices(np.array([item_no]))
        prices = self._catalogue.home_prices(nos)
        known = (prices > 0) & (price > 0)
        ratio = np.where(known, prices, 1) / max(int(price), 1)
        suits = np.where(ratio > 1.0, ratio**-_DEARER, ratio**_CHEAPER)
        return np.where(known, suits, _NOT_KNOWN)

    def _equal_attributes(self, item_no: int, nos: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return which share of an item's attributes, but for its size, others have too."""
        own, _ = self._attributes.pairs_of(np.array([item_no]))
        own = own[self._attributes.names_of(own) != self._attributes.name(SIZE)]
        if not len(own):
            return np.full(len(nos), _NOT_KNOWN)
        pairs, places = self._attributes.pairs_of(nos)
        equal = np.bincount(places, is_any_of(pairs, own), minlength=len(nos))
        return equal / len(own)


def _of_category(query: Query, category_no: int) -> NDArray[np.int64]:
    if not category_no:
        return _NONE
    return query.shelf.ranked[best_shown(query, category_no, _OF_CATEGORY)]

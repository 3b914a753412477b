"""Which variant of a family somebody is offered: in stock, in their size, in what they like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.distinct import grouped
from services.retrieval.domain.query import Query, is_any_of
from services.retrieval.domain.wardrobe import UNKNOWN, Wardrobe
from shared.catalogue import Catalogue

_PROPOSED = 0.05
"""What speaks for the variant that a source proposed, beside a liked attribute of another: a
colour that is a twentieth of what somebody keeps is chance."""

_IN_SIZE = 10.0
"""A size matters more than all that is liked."""
_NO_SHARE = -1.0
"""Of a size that somebody is not known to have: it is worth nothing."""


class VariantFitter:
    """Puts the right variant in the place of each candidate, by the stock of this very moment."""

    def __init__(self, catalogue: Catalogue, attributes: Attributes) -> None:
        self._catalogue = catalogue
        self._attributes = attributes

    def fitted(
        self,
        offer_nos: NDArray[np.int64],
        query: Query,
        as_they_are: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Return what to offer of each candidate's family; 0: nothing, the next has its place.

        A family is left out when nothing of it is in stock, or nothing in a size that somebody is
        known to have. Where their size in its category is not known, they may have the same as
        elsewhere, if it comes in that. `as_they_are` were chosen variant by variant: of these only
        what is in stock counts.
        """
        fitted = np.where(self._can_be_had(offer_nos, query), offer_nos, 0)
        begins, ends = query.shelf.variants_of(self._catalogue.family_no[offer_nos])
        wardrobe = query.person.wardrobe if query.person else UNKNOWN
        stays = as_they_are & (fitted > 0)
        if not (wardrobe.sizes or wardrobe.elsewhere or wardrobe.liked):
            # With nothing to choose by, the one that was proposed is the best.
            stays |= query.showing.shows(fitted)
        at = ((ends > begins) & ~stays).nonzero()[0]
        if not len(at):
            return fitted
        counts = (ends - begins)[at]
        of = at.repeat(counts)
        rows = np.arange(len(of)) + (begins[at] - counts.cumsum() + counts).repeat(counts)
        nos, sizes = query.shelf.variant_nos[rows], query.shelf.variant_sizes[rows]
        suits, worth = self._sizes(of, sizes, offer_nos, wardrobe)
        suits &= query.showing.shows(nos) & self._can_be_had(nos, query)
        of, nos, worth = of[suits], nos[suits], worth[suits]
        worth += self._liked(nos, wardrobe.liked)
        worth += _PROPOSED * (nos == offer_nos[of])
        best = _best_of_each(of, worth)
        fitted[at] = 0
        fitted[of[best]] = nos[best]
        return fitted

    def _can_be_had(self, offer_nos: NDArray[np.int64], query: Query) -> NDArray[np.bool_]:
        """Return what is in stock, was not out of stock in this visit, and is not excluded."""
        catalogue = self._catalogue
        gone: NDArray[np.bool_] = catalogue.withdrawn[offer_nos] | (catalogue.stock[offer_nos] == 0)
        visit = query.person.visit if query.person else None
        unwanted = (*query.excluded_nos, *(visit.missed_nos if visit else ()))
        if unwanted:
            gone |= is_any_of(offer_nos, np.array(unwanted, np.int64))
        return ~gone

    def _sizes(
        self,
        of: NDArray[np.int64],
        size_nos: NDArray[np.int64],
        offer_nos: NDArray[np.int64],
        wardrobe: Wardrobe,
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Return which variants are in a size that suits, and what each size is worth."""
        if not wardrobe.sizes and not wardrobe.elsewhere:
            return np.ones(len(of), np.bool_), np.zeros(len(of))
        count = len(offer_nos)
        categories, _, places = grouped(self._catalogue.category_no[offer_nos])
        table, is_own, columns = _tabled(wardrobe, categories)
        column = np.minimum(columns.searchsorted(size_nos), len(columns) - 1)
        worth = table[places[of], column] * (columns[column] == size_nos)
        has_sizes = np.bincount(of, size_nos > 0, minlength=count) > 0
        comes_in_own = np.bincount(of, worth > 0, minlength=count) > 0
        is_bound = has_sizes & (is_own[places] | comes_in_own)
        suits: NDArray[np.bool_] = ~is_bound[of] | (worth > 0)
        return suits, worth

    def _liked(self, nos: NDArray[np.int64], liked: Mapping[int, float]) -> NDArray[np.float64]:
        """Return how much of what each variant is somebody likes."""
        worth = np.zeros(len(nos))
        if not liked:
            return worth
        pairs, places = self._attributes.pairs_of(nos)
        for pair, share in liked.items():
            worth += share * np.bincount(places[pairs == pair], minlength=len(nos))
        return worth


def _tabled(
    wardrobe: Wardrobe, categories: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.int64]]:
    """Return what sizes are worth in categories, whether they are known there, and which sizes."""
    known = [wardrobe.of_category(number) for number in categories.tolist()]
    # Most categories have the sizes of elsewhere, so that there are few different lines.
    different = {id(sizes): sizes for sizes, _ in known}
    size_nos = sorted(set().union(*different.values()) or {0})
    lines = {key: [of.get(no, _NO_SHARE) for no in size_nos] for key, of in different.items()}
    shares = np.array([lines[id(sizes)] for sizes, _ in known])
    is_own = np.array([is_own for _, is_own in known], np.bool_)
    return _IN_SIZE * (1.0 + shares), is_own, np.array(size_nos)


def _best_of_each(of: NDArray[np.int64], worth: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the place of the best of each group, the first of equals; groups are together."""
    if not len(of):
        return of
    is_first = np.ones(len(of), np.bool_)
    np.not_equal(of[1:], of[:-1], out=is_first[1:])
    begins = is_first.nonzero()[0]
    is_best = worth == np.maximum.reduceat(worth, begins)[is_first.cumsum() - 1]
    places = np.where(is_best, np.arange(len(of)), len(of))
    best: NDArray[np.int64] = np.minimum.reduceat(places, begins)
    return best

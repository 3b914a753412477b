"""IN_SESSION: what visits alike looked at next; where they say little, the best of the category."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import grouped
from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.next_look import MOST_LOOKED_AT, NextLooks, Visitors
from services.retrieval.domain.query import (
    NO_PROPOSALS,
    Proposals,
    Query,
    highest,
    saturated,
)
from services.retrieval.domain.sources.in_category import InCategory
from shared.catalogue import Catalogue

_MOST = 100
_HALF = 0.02
"""A chance to be looked at next that scores a half."""
_TRUSTED = 5.0
"""Visits that hold what was looked at, from which on they say more than the category does."""
_OF_CATEGORY = 0.2
"""The chance that the best of a category counts for."""
_BESIDE_SHARE = 0.1
"""What counts that is not of the category in view."""
_FEWEST_VISITS = 10
"""Of fewer no share is told."""
_TELLING_LOOKS = 0.1
_TELLING_PURCHASES = 0.03
_FEWEST_PURCHASES = 3


class InSession:
    """Mixes both by how many visits speak; without a learned model the category alone answers.

    What is in view is left in: whoever asks several sources takes it out of all of them.
    """

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._in_category = InCategory(catalogue)

    def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        learned, trust = self._learned(query)
        plain = self._in_category.propose(query)
        if not len(learned.offer_nos):
            return plain
        return _mixed(learned, plain, trust, min(query.limit, _MOST))

    def _learned(self, query: Query) -> tuple[Proposals, float]:
        """Return what visits alike lead to by chances, and how far to trust them, 0 to 1."""
        if query.model is None:
            return NO_PROPOSALS, 0.0
        visitors = query.model.visitors
        seeds, rows = self._looked_at(query, visitors)
        if not len(rows):
            return NO_PROPOSALS, 0.0
        found = visitors.next_looks(rows)
        nos = query.shelf.representatives(visitors.model.offer_nos[found.rows])
        chances = self._chances(visitors.strengths(found), nos, query)
        usable = query.shows(nos).nonzero()[0]
        best = usable[highest(chances[usable], min(query.limit, _MOST))]
        counts, totals, kinds = _told(visitors, rows, found, best)
        learned = Proposals.of(
            nos[best],
            chances[best],
            seeds[found.places[best]],
            counts,
            totals,
            kinds,
        )
        return learned, found.visits / (found.visits + _TRUSTED)

    def _looked_at(
        self, query: Query, visitors: Visitors
    ) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the items looked at, newest first, one of each family, and their rows."""
        visit = query.person.visit if query.person else None
        viewed = visit.item_nos if visit else ()
        newest_first = [*query.item_nos, *viewed, *query.cart_nos][: 4 * MOST_LOOKED_AT]
        items: dict[int, int] = {}
        for item_no, family in zip(newest_first, self._catalogue.family_no[newest_first].tolist()):
            items.setdefault(family, item_no)
        # Of the column's own type: for another one NumPy converts the whole column.
        rows = rows_among(visitors.model.offer_nos, np.fromiter(items, np.uint32, len(items)))
        known = (rows != NOT_LEARNED).nonzero()[0][:MOST_LOOKED_AT]
        return np.fromiter(items.values(), np.uint32, len(items))[known], rows[known]

    def _chances(
        self, strengths: NDArray[np.float64], nos: NDArray[np.int64], query: Query
    ) -> NDArray[np.float64]:
        """Return how likely each is looked at next; a category in view is what is wanted now."""
        chances = np.exp(strengths - strengths.max())
        if query.category_no and not query.item_nos:
            within = self._catalogue.categories.under(query.category_no)
            chances[~within[self._catalogue.category_no[nos]]] *= _BESIDE_SHARE
        shares: NDArray[np.float64] = chances / chances.sum()
        return shares


def _told(
    visitors: Visitors, rows: NDArray[np.int64], found: NextLooks, best: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint8]]:
    """Return counts, totals and kinds of evidence; what would mislead is not told."""
    totals = visitors.model.looked[rows][found.places[best]].astype(np.int64)
    viewed, bought = found.viewed[best], found.bought[best]
    enough = totals >= _FEWEST_VISITS
    sells = enough & (bought >= np.maximum(_FEWEST_PURCHASES, _TELLING_PURCHASES * totals))
    interests = enough & ~sells & (viewed >= _TELLING_LOOKS * totals)
    counts = np.where(sells, bought, np.where(interests, viewed, 0))
    kinds = np.where(interests, EvidenceKind.VIEWED_TOGETHER, EvidenceKind.UNSPECIFIED)
    kinds[sells] = EvidenceKind.VIEWED_THEN_BOUGHT
    told = np.where(sells | interests, totals, 0)
    return counts.astype(np.uint32), told.astype(np.uint32), kinds.astype(np.uint8)


def _mixed(learned: Proposals, plain: Proposals, trust: float, limit: int) -> Proposals:
    """Mix chances with scores; what both propose has the evidence of the first."""
    nos = np.concatenate((learned.offer_nos, plain.offer_nos))
    of_category = (1.0 - trust) * _OF_CATEGORY * plain.scores
    chances = np.concatenate((trust * learned.scores, of_category))
    found, first, places = grouped(nos)
    total = np.zeros(len(found))
    total += np.bincount(places, chances, len(found))
    best = highest(total, limit)
    kept = first[best]
    return Proposals.of(
        found[best],
        saturated(total[best], _HALF),
        np.concatenate((learned.evidence_nos, plain.evidence_nos))[kept],
        np.concatenate((learned.evidence_counts, plain.evidence_counts))[kept],
        np.concatenate((learned.evidence_totals, plain.evidence_totals))[kept],
        np.concatenate((learned.evidence_kinds, plain.evidence_kinds))[kept],
    )

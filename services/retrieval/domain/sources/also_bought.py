"""ALSO_BOUGHT: bought by those who bought what is in view, in the cart, or was bought last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import firsts
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, is_any_of, saturated
from services.retrieval.domain.served_model import ServedModel
from shared.catalogue import Catalogue

_IN_VIEW = 1.0
_IN_CART = 0.9
_BOUGHT = 0.6
_MOST_IN_CART = 8
_MOST_BOUGHT = 4
_MOST = 100
_HALF = 0.1
"""A shrunk cosine that scores a half: most pairs that are bought together reach less."""
FEWEST_BOTH = 2
"""Bought together by one person is no habit."""
TELLING_SHARE = 0.1
TELLING_BUYERS = 10
"""Of fewer buyers, or of a smaller share of them, no percentage is told."""


class AlsoBought:
    """Takes the neighbours of a few items; what several bring up counts for the closest of them."""

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        model = query.model
        if model is None or not query.wants_items:
            return NO_PROPOSALS
        seeds, weights = self._seeds(query)
        families = self._catalogue.family_no[seeds]
        rows = model.rows_of_items(families)
        seeds, weights, rows = seeds[rows >= 0], weights[rows >= 0], rows[rows >= 0]
        if not len(rows):
            return NO_PROPOSALS
        found = _Pairs.of(model, rows, weights)
        nos = query.shelf.representatives(found.families)
        usable = query.shows(nos) & ~is_any_of(found.families, families)
        usable &= found.counts >= FEWEST_BOTH
        at = usable.nonzero()[0]
        at = at[(-found.scores[at]).argsort(kind="stable")]
        at = at[firsts(found.families[at])]
        at = at[: min(query.limit, _MOST)]
        totals = model.items.buyers[rows][found.seeds[at]]
        counts, totals = _telling(found.counts[at], totals)
        evidence = seeds[found.seeds[at]].astype(np.uint32)
        return Proposals.of(nos[at], found.scores[at], evidence, counts, totals)

    def _seeds(self, query: Query) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return items, each once, and how much their neighbours count."""
        weights = dict.fromkeys(query.item_nos, _IN_VIEW)
        for item_no in query.cart_nos[:_MOST_IN_CART]:
            weights.setdefault(item_no, _IN_CART)
        if query.person is not None:
            # A family is called after its root, whether or not that is still sold.
            bought = query.person.owned_family_nos[:_MOST_BOUGHT]
            for item_no in bought[bought < self._catalogue.size].tolist():
                weights.setdefault(item_no, _BOUGHT)
        count = len(weights)
        seeds = np.fromiter(weights, np.int64, count)
        return seeds, np.fromiter(weights.values(), np.float32, count)


class _Pairs:
    """Seeds with their neighbours, flattened to columns of equal length."""

    __slots__ = ("counts", "families", "scores", "seeds")

    def __init__(
        self,
        seeds: NDArray[np.int64],
        families: NDArray[np.uint32],
        scores: NDArray[np.floating],
        counts: NDArray[np.uint32],
    ) -> None:
        self.seeds = seeds
        self.families = families
        self.scores = scores
        self.counts = counts

    @classmethod
    def of(
        cls, model: ServedModel, rows: NDArray[np.int64], weights: NDArray[np.float32]
    ) -> _Pairs:
        items = model.items
        each = items.neighbour_nos.shape[1]
        return cls(
            np.arange(len(rows)).repeat(each),
            items.neighbour_nos[rows].ravel(),
            (saturated(items.neighbour_scores[rows], _HALF) * weights[:, np.newaxis]).ravel(),
            items.neighbour_counts[rows].ravel(),
        )


def _telling(
    counts: NDArray[np.uint32], totals: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Leave out shares that would mislead: of a few buyers, or hardly any of them."""
    tells = (totals >= TELLING_BUYERS) & (counts >= TELLING_SHARE * totals) & (counts <= totals)
    return counts, np.where(tells, totals, 0).astype(np.uint32)

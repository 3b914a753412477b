"""BOUGHT_NEXT: bought in a later order by those who bought the same as this person last did."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import firsts
from services.retrieval.domain.evidence import EvidenceKind
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.runs import spread
from services.retrieval.domain.learning.successor_model import SuccessorModel
from services.retrieval.domain.query import (
    NO_PROPOSALS,
    Person,
    Proposals,
    Query,
    is_any_of,
    saturated,
)
from shared.catalogue import Catalogue

_IN_VIEW = 0.5
"""What is looked at beside 1 of what was just bought."""
_MOST_BOUGHT = 6
_MOST = 60
_HALF = 0.05
"""A chance that scores a half."""
_TELLING_SHARE = 0.05
_TELLING_BUYERS = 10
"""Of fewer buyers, or of a smaller share of them, no percentage is told."""
_DAY_MINUTES = 1440
_MINUTE_US = 60_000_000


class BoughtNext:
    """Follows the last purchases while what is bought next is still bought, and items in view."""

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        model = query.model.learned.successors if query.model else None
        if model is None or not query.wants_items:
            return NO_PROPOSALS
        seeds, weights = self._seeds(query, model)
        rows = rows_among(model.offer_nos, self._catalogue.family_no[seeds])
        known = rows != NOT_LEARNED
        if not known.any():
            return NO_PROPOSALS
        seeds, weights, rows = seeds[known], weights[known], rows[known]
        each = model.starts[rows + 1] - model.starts[rows]
        at = spread(model.starts[rows], each)
        places = np.arange(len(rows)).repeat(each)
        families = model.next_nos[at]
        nos = query.shelf.representatives(families)
        usable = (query.shows(nos) & ~self._are_known(families, query)).nonzero()[0]
        chances = model.chances[at] * weights[places]
        best = usable[(-chances[usable]).argsort(kind="stable")]
        best = best[firsts(families[best])]
        best = best[: min(query.limit, _MOST)]
        totals = model.buyers[rows][places[best]]
        return Proposals.of(
            nos[best],
            saturated(chances[best], _HALF),
            seeds[places[best]].astype(np.uint32),
            model.counts[at[best]],
            _telling(model.counts[at[best]], totals),
            int(EvidenceKind.BOUGHT_NEXT),
        )

    def _seeds(
        self, query: Query, model: SuccessorModel
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return items, each once, and how much what follows them counts."""
        weights = dict.fromkeys(query.item_nos, _IN_VIEW)
        if query.person is not None:
            weights |= self._last_bought(query.person, query.now_us, model.window_days)
        count = len(weights)
        return np.fromiter(weights, np.int64, count), np.fromiter(weights.values(), float, count)

    def _last_bought(self, person: Person, now_us: int, window_days: float) -> dict[int, float]:
        """Return the families bought lately, less the longer ago.

        A family is called after its root, whether or not that is still sold.
        """
        families = person.owned_family_nos[:_MOST_BOUGHT].tolist()
        minutes = person.bought_minutes[:_MOST_BOUGHT].tolist()
        found: dict[int, float] = {}
        for family, minute in zip(families, minutes):
            age_days = max(now_us / _MINUTE_US - minute, 0.0) / _DAY_MINUTES
            if age_days <= window_days and 0 < family < self._catalogue.size:
                found[family] = 1.0 - 0.5 * age_days / max(window_days, 1.0)
        return found

    def _are_known(self, families: NDArray[np.uint32], query: Query) -> NDArray[np.bool_]:
        """Return which the person owns, or has before them."""
        before_them = self._catalogue.family_no[[*query.item_nos, *query.cart_nos]]
        known = is_any_of(families, before_them)
        if query.person is not None:
            known |= is_any_of(families, query.person.owned_family_nos)
        return known


def _telling(counts: NDArray[np.uint32], totals: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the totals, 0 for those of which a share would mislead."""
    tells = (totals >= _TELLING_BUYERS) & (counts >= _TELLING_SHARE * totals) & (counts <= totals)
    return np.where(tells, totals, 0).astype(np.uint32)

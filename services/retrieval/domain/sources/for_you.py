"""FOR_YOU: what is nearest to the person's own taste and new to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.foretold import bought_most, can_be_new, foretold
from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import Taste

_MOST = 200
_NEAREST = 300
"""Rows near the taste that are weighed; the blend adds what neighbours and heat bring up."""
_NEARLY_ALL, _ENOUGH = 0.9, 0.5
"""Shares that may be shown of all, and of what is near."""
_MOST_NEW = 8
"""Things that nobody dealt with yet; also at most a tenth of what is wanted."""
_NEAR = 0.4
"""A cosine below this explains nothing."""


class ForYou:
    """Searches among the item factors, and ranks by the blend that training found."""

    is_personal = True

    def propose(self, query: Query) -> Proposals:
        model, taste = query.model, query.taste
        if model is None or taste is None or not query.wants_items:
            return NO_PROPOSALS
        near = _near(query, model, taste)
        limit = min(query.limit, _MOST)
        ranked = model.blender.ranked(
            taste.known,
            limit,
            novel=True,
            near=near,
            evidence=taste.evidence,
            usable=lambda rows: can_be_new(query, model.items.offer_nos[rows]),
        )
        nos = query.shelf.representatives(model.items.offer_nos[ranked.rows])
        bought = bought_most(taste)
        new = foretold(query, taste, min(max(limit // 10, 1), _MOST_NEW), bought)
        likely = np.concatenate((ranked.scores, new.probabilities))
        best = (-likely).argsort(kind="stable")[:limit]
        because = _because(model, bought, ranked.rows)
        return Proposals.of(
            np.concatenate((nos, new.nos))[best],
            model.standing(likely[best]),
            np.concatenate((because, new.evidence_nos))[best],
        )


def _near(query: Query, model: ServedModel, taste: Taste) -> NDArray[np.int64]:
    """Return rows near the taste, of which enough may be shown."""
    allowed = query.showing.rows_allowed(model.items.offer_nos)
    count = _NEAREST + len(query.excluded_nos)
    if allowed.share >= _NEARLY_ALL:
        # To pass over a few costs more than to find a few in vain, unless they lie just here.
        near, _ = model.taste_index.nearest(taste.vector, count)
        if np.count_nonzero(allowed.mask[near]) >= _ENOUGH * len(near):
            return near
    near, _ = model.taste_index.nearest(taste.vector, count, allowed)
    return near


def _because(
    model: ServedModel, bought: NDArray[np.integer], rows: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Return the item bought that lies nearest to each row, 0 where none is near.

    So a recommendation of implicit feedback is explained by the past (Hu, Koren, Volinsky 2008,
    section 5), the vectors standing for the weights.
    """
    if not len(bought) or not len(rows):
        return np.zeros(len(rows), np.uint32)
    cosines: NDArray[np.float32] = model.item_units(rows) @ model.item_units(bought).T
    nearest = model.items.offer_nos[bought[cosines.argmax(axis=1)]]
    evidence: NDArray[np.uint32] = np.where(cosines.max(axis=1) >= _NEAR, nearest, 0)
    return evidence.astype(np.uint32, copy=False)

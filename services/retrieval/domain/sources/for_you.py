"""FOR_YOU: what is nearest to the person's own taste and new to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, highest, saturated
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import Taste

_MOST = 60
_NEAREST = 150
"""Rows near the taste that are weighed; the blend adds what neighbours and heat bring up."""
_SPARE = 2
"""Some of the best are sold out, or not for this channel."""
_HALF = 0.25
"""What is so likely, beside the likeliest thing of most persons, scores a half."""
_MOST_BOUGHT = 40
_NEAR = 0.4
"""A cosine below this explains nothing."""


class ForYou:
    """Searches among the item factors, and ranks by the blend that training found."""

    is_personal = True

    def propose(self, query: Query) -> Proposals:
        model, taste = query.model, query.taste
        if model is None or taste is None or not query.wants_items:
            return NO_PROPOSALS
        near, _ = model.taste_index.nearest(taste.vector, _NEAREST)
        limit = min(query.limit, _MOST)
        ranked = model.blender.ranked(taste.known, _SPARE * limit, novel=True, near=near)
        is_new = np.ones(len(model.items.offer_nos) + 1, np.bool_)
        if query.person is not None:
            # What the model does not know has row -1 and so the spare place.
            is_new[model.rows_of_items(query.person.owned_family_nos)] = False
        nos = query.shelf.representatives(model.items.offer_nos[ranked.rows])
        found = (query.showable[nos] & is_new[ranked.rows]).nonzero()[0][:limit]
        scores = saturated(ranked.scores[found], _HALF * model.usual_best)
        return Proposals.of(nos[found], scores, _because(model, taste, ranked.rows[found]))


def _because(model: ServedModel, taste: Taste, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
    """Return the item bought that lies nearest to each row, 0 where none is near.

    So a recommendation of implicit feedback is explained by the past (Hu, Koren, Volinsky 2008,
    section 5), the vectors standing for the weights.
    """
    is_bought = (taste.known.habits > 0.0).any(axis=1)
    weights, bought = taste.known.weights[is_bought], taste.known.rows[is_bought]
    bought = bought[highest(weights, _MOST_BOUGHT)]
    if not len(bought) or not len(rows):
        return np.zeros(len(rows), np.uint32)
    cosines = model.item_units[rows] @ model.item_units[bought].T
    nearest = model.items.offer_nos[bought[cosines.argmax(axis=1)]]
    evidence: NDArray[np.uint32] = np.where(cosines.max(axis=1) >= _NEAR, nearest, 0)
    return evidence.astype(np.uint32, copy=False)

"""FOR_YOU: what is nearest to the person's own taste and new to them."""

from __future__ import annotations

import numpy as np

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, saturated

_MOST = 60
_NEAREST = 150
"""Rows near the taste that are weighed; the blend adds what neighbours and heat bring up."""
_SPARE = 2
"""Some of the best are sold out, or not for this channel."""
_HALF = 0.25
"""What is so likely, beside the likeliest thing of most persons, scores a half."""


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
        return Proposals.of(nos[found], scores)

"""FOR_YOU: what is nearest to the person's own taste and new to them."""

from __future__ import annotations

import numpy as np

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query

_MOST = 100
_SPARE = 2
"""Some of the nearest are sold out or not for this channel."""


class ForYou:
    """Searches among the item factors by the inner product, as the model was taught to rank."""

    is_personal = True

    def propose(self, query: Query) -> Proposals:
        model, taste = query.model, query.taste
        if model is None or taste is None or not query.wants_items:
            return NO_PROPOSALS
        is_new = np.ones(len(model.items.offer_nos) + 1, np.bool_)
        if query.person is not None:
            # What the model does not know has row -1 and so the spare place.
            is_new[model.rows_of_items(query.person.owned_family_nos)] = False
        limit = min(query.limit, _MOST)
        owned = len(is_new) - int(np.count_nonzero(is_new))
        rows, scores = model.taste_index.nearest(taste.vector, _SPARE * limit + owned)
        nos = query.shelf.representatives(model.items.offer_nos[rows])
        found = (query.showable[nos] & is_new[rows]).nonzero()[0][:limit]
        return Proposals.of(nos[found], np.clip(scores[found], 0.0, 1.0))

"""POPULAR: what many bought lately; in a fresh shop the newest and the most valuable."""

from __future__ import annotations

import numpy as np

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query

_SPARE = 2
_WIDER = 8


class Popular:
    """Takes from the top of the shelf what may be shown here."""

    is_personal = False

    async def propose(self, query: Query) -> Proposals:
        if not query.wants_items:
            return NO_PROPOSALS
        shelf = query.shelf
        looked_at = _SPARE * query.limit
        while True:
            places = np.flatnonzero(query.showable[shelf.ranked[:looked_at]])
            if len(places) >= query.limit or looked_at >= len(shelf.ranked):
                break
            looked_at *= _WIDER
        places = places[: query.limit]
        return Proposals.of(
            shelf.ranked[places], shelf.strength[places], 0, evidence_counts=shelf.sold[places]
        )

"""PEOPLE_LIKE_YOU: what people of the same taste bought, and others did not as much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Proposals, Query, highest, saturated
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import Taste

NEIGHBOURS = 30
FEWEST_BUYERS = 2
"""What a single neighbour bought says nothing of people."""
_FEWEST_SEEN = 3
"""After a click or two nobody can be said to be like a visitor."""
_LEAST_ALIKE = 0.1
"""A cosine below this is no likeness."""
_MOST = 100
_HALF = 0.05
"""Bought by so much larger a share of them than of all, a thing scores a half."""


class PeopleLikeYou:
    """Weighs what the nearest persons bought by how near they are, less how many bought it anyway.

    Neighbourhood of users by cosine (Herlocker et al. 1999), in the space of the factors.
    """

    is_personal = True

    def propose(self, query: Query) -> Proposals:
        model, taste, person = query.model, query.taste, query.person
        if model is None or taste is None or person is None or not query.wants_items:
            return NO_PROPOSALS
        if not len(taste.own_rows) and taste.items_seen < _FEWEST_SEEN:
            return NO_PROPOSALS
        people, alike = _neighbours(model, taste)
        if len(people) < FEWEST_BUYERS:
            return NO_PROPOSALS
        items, bought = model.baskets.of_all(people)
        size = len(model.items.offer_nos)
        weights = (alike / alike.sum()).repeat(bought)
        strength = np.bincount(items, weights, minlength=size) - model.bought_share
        known = model.rows_of_items(person.owned_family_nos)
        strength[known[known >= 0]] = 0.0
        counts = np.bincount(items, minlength=size)
        rows = ((counts >= FEWEST_BUYERS) & (strength > 0.0)).nonzero()[0]
        nos = query.shelf.representatives(model.items.offer_nos[rows])
        shown = query.showable[nos].nonzero()[0]
        best = shown[highest(strength[rows[shown]], min(query.limit, _MOST))]
        rows = rows[best]
        evidence = counts[rows].astype(np.uint32)
        scores = saturated(strength[rows], _HALF)
        return Proposals.of(nos[best], scores, 0, evidence, len(people))


def _neighbours(model: ServedModel, taste: Taste) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows of the nearest others and their cosines."""
    rows, cosines = model.person_index.nearest(taste.unit, NEIGHBOURS + len(taste.own_rows))
    others = cosines >= _LEAST_ALIKE
    for own in taste.own_rows.tolist():
        others &= rows != own
    return rows[others][:NEIGHBOURS], cosines[others][:NEIGHBOURS]

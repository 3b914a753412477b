"""What is new to the shop and would be to somebody's taste, as far as its content tells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import Query, highest, is_any_of
from services.retrieval.domain.taste import Taste

_MOST_BOUGHT = 40
_NEAR = 0.4
"""A cosine of contents below this explains nothing."""
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Foretold:
    """Candidates that nobody dealt with yet, best first, as columns."""

    nos: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    evidence_nos: NDArray[np.uint32]
    """What somebody bought that is alike in content; 0: nothing."""


NOTHING = Foretold(_NONE, np.zeros(0, np.float32), np.zeros(0, np.uint32))


def bought_most(taste: Taste) -> NDArray[np.integer]:
    """Return the rows of what somebody bought, the strongest first, as far as it explains."""
    is_bought = (taste.known.habits > 0.0).any(axis=1)
    rows: NDArray[np.integer] = taste.known.rows[is_bought]
    return rows[highest(taste.known.weights[is_bought], _MOST_BOUGHT)]


def foretold(
    query: Query, taste: Taste, limit: int, bought: NDArray[np.integer] | None = None
) -> Foretold:
    """Return at most so many, each as likely as a middling item with the vector foretold for it.

    That is taken times how far foretold vectors agreed with learned ones in training, so that in a
    shop whose words say little of its customers new things stay at the end. Beside an item in view
    there are none: there what is new is told by its likeness, further to the front. `bought` are
    the rows of `bought_most`, where they are known already.
    """
    cold, model = query.contents.cold, query.model
    if query.item_nos or cold is None or model is None or cold.items is not model.items:
        return NOTHING
    families, products = cold.best(taste.vector, limit, lambda nos: can_be_new(query, nos))
    if not len(families):
        return NOTHING
    probabilities = model.blender.probabilities_of_new(products)
    probabilities *= np.float32(model.learned.fit.cosine)
    nos = query.shelf.representatives(families)
    rows = bought_most(taste) if bought is None else bought
    return Foretold(nos, probabilities, _because(query, rows, families))


def can_be_new(query: Query, family_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which families may be shown and are not the person's already."""
    usable = query.shows(query.shelf.representatives(family_nos))
    if query.person is not None:
        usable &= ~is_any_of(family_nos, query.person.owned_family_nos)
    return usable


def _because(
    query: Query, rows: NDArray[np.integer], families: NDArray[np.int64]
) -> NDArray[np.uint32]:
    """Return what was bought that is nearest to each in content."""
    if query.model is None or not len(rows):
        return np.zeros(len(families), np.uint32)
    bought = query.model.items.offer_nos[rows].astype(np.int64)
    cosines = query.contents.cosines_of_each(families, bought)
    nearest = cosines.argmax(axis=1)
    return np.where(cosines.max(axis=1) >= _NEAR, bought[nearest], 0).astype(np.uint32)

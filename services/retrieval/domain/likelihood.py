"""Says how likely each candidate is, on one scale from 0 to 1 for what all sources propose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import NOT_LEARNED
from services.retrieval.domain.query import Query
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import Taste

_SOURCES = 256


@dataclass(frozen=True, slots=True)
class Belief:
    """What a source's own score is worth where nothing better is known; documented, not learned.

    A score of 1 of a source comes to its belief; for comparison, what is as likely as the likeliest
    new thing of most persons comes to 0.8.
    """

    of_the_moment: float = 0.0
    """Added to what is known of the person: the source follows what they do right now."""
    of_the_page: float = 0.0
    """The same, but only where something is in view or in the cart."""
    otherwise: float = 0.0
    """Taken where the model does not know the thing."""


class Likelihoods:
    """Puts the probabilities that training learned beside what sources say of the moment.

    Where the model knows a thing, what it foretells of the person counts, whichever source proposes
    it; a source of the moment speaks besides it, as an independent reason (noisy-or, Pearl 1988).
    """

    def __init__(self, beliefs: Mapping[int, Belief]) -> None:
        each = [beliefs.get(source, Belief()) for source in range(_SOURCES)]
        self._moment = np.array([one.of_the_moment for one in each], np.float32)
        self._page = np.array([one.of_the_page for one in each], np.float32)
        self._otherwise = np.array([one.otherwise for one in each], np.float32)

    def of(
        self,
        query: Query,
        family_nos: NDArray[np.uint32],
        sources: NDArray[np.integer],
        scores: NDArray[np.float32],
    ) -> NDArray[np.float32] | None:
        """Return 0 to 1 for candidates of different families, given as columns of equal length.

        None where nothing was learned of the person: then the turns of the sources are all there
        is.
        """
        model, taste = query.model, query.taste
        if model is None or taste is None:
            return None
        moment = self._moment[sources] * scores
        if query.item_nos or query.cart_nos:
            moment += self._page[sources] * scores
        likely = self._otherwise[sources] * scores
        rows = model.rows_of_items(family_nos)
        known = (rows != NOT_LEARNED).nonzero()[0]
        likely[known] = _learned(model, taste, rows[known])
        likelihood: NDArray[np.float32] = 1.0 - (1.0 - likely) * (1.0 - moment)
        return likelihood


def _learned(model: ServedModel, taste: Taste, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return model.standing(model.blender.probabilities(taste.known, rows, taste.evidence))

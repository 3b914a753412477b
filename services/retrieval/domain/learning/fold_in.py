"""Vectors for persons that were not there, or were different, when the model was trained."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import ItemModel

EXPONENT = 1.0
"""How regularisation grows with a person's or an item's number of pairs (nu of Rendle et al.)."""

_AT_ONCE = 65_536


class FoldIn:
    """Solves a person's half of iALS for the item vectors of a model (Hu, Koren, Volinsky 2008).

    The Gramian of the items is diagonalised once, so that what is left for a visitor is a system
    as large as the few items seen (matrix inversion lemma), not as large as the vectors.
    """

    def __init__(self, items: ItemModel) -> None:
        values, vectors = np.linalg.eigh(_gramian(items.factors))
        self._unobserved = items.unobserved_weight * np.maximum(values, 0.0)
        self._factors = items.factors
        self._forth = vectors.astype(np.float32)
        self._back = np.ascontiguousarray(vectors.T).astype(np.float32)
        self._regularisation = items.regularisation
        self._of_unobserved = items.unobserved_weight * len(items.factors)

    def person_vector(
        self,
        rows: NDArray[np.integer],
        weights: NDArray[np.floating],
        around: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return (d,) for the items at `rows` of the model, each above 0 in weight.

        `around` is what was learned of the person before: then it is the deviation from it that is
        regularised, so that with no items the answer is `around` itself, and otherwise 0.
        """
        seen = self._factors[rows] @ self._forth
        strength = self._regularisation * (len(rows) + self._of_unobserved) ** EXPONENT
        diagonal = (self._unobserved + strength).astype(np.float32)
        start = np.zeros(len(diagonal), np.float32) if around is None else self._back @ around
        missing = 1.0 - seen @ start
        scaled = seen / diagonal
        small = scaled @ seen.T
        small[np.diag_indices(len(rows))] += 1.0 / np.asarray(weights, np.float32)
        moved = np.linalg.solve(small, missing) @ scaled if len(rows) else 0.0
        vector: NDArray[np.float32] = ((start + moved) @ self._back).astype(np.float32, copy=False)
        return vector


def _gramian(factors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the sum of outer products, part by part: in 64 bits all would take twice the model."""
    gramian = np.zeros((factors.shape[1], factors.shape[1]))
    for begin in range(0, len(factors), _AT_ONCE):
        part = factors[begin : begin + _AT_ONCE].astype(np.float64)
        gramian += part.T @ part
    return gramian

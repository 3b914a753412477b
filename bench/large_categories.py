"""Draws things of the same category, of a million at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def of_same_category(
    category: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return for each row `count` rows of the same category."""
    order = np.argsort(category, kind="stable")
    sizes = np.bincount(category)
    first = np.cumsum(sizes) - sizes
    drawn = (rng.random((len(category), count), np.float32) * sizes[category, None]).astype(
        np.int64
    )
    drawn += first[category, None]
    return order[np.minimum(drawn, len(category) - 1)]

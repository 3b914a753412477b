"""How good a ranking is: NDCG at 10 with binary relevance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DEPTH = 10
_DISCOUNTS = 1.0 / np.log2(np.arange(2, DEPTH + 2))
_IDEAL = np.cumsum(_DISCOUNTS)


def ndcg(hits: NDArray[np.bool_], wanted: int) -> float:
    """Return 0 to 1 for the first of a ranking, best first, of which `wanted` could have hit.

    The ideal is that of min(wanted, 10) hits.
    """
    if not wanted:
        return 0.0
    gained = float(hits[:DEPTH] @ _DISCOUNTS[: len(hits)])
    return gained / float(_IDEAL[min(wanted, DEPTH) - 1])

"""What a blend was learned as, beside the weights of a regression: two networks and their input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.rhythm import DEMAND

KINDS = ("category", "top category", "brand")


@dataclass(frozen=True, slots=True)
class BlendModel:
    """Of the same n rows as `ItemModel.factors`; nothing in it names a person."""

    demand: NDArray[np.float32]
    """(n, DEMAND)"""
    kinds: NDArray[np.int64]
    """(n, KINDS) numbers that like items share; 0: not said."""
    own: NDArray[np.float32]
    """A `Network` of `portraits.OWN` for what a person bought before; empty: none was learned."""
    new: NDArray[np.float32]
    """A `Network` of `portraits.NEW` for what a person never bought; empty: none was learned."""
    own_share: float
    """Of the log-odds, how much comes from the network, 0 to 1; the rest from the regression."""
    new_share: float

    @classmethod
    def none(cls) -> BlendModel:
        """Return what leaves all to the regression."""
        nothing = np.zeros(0, np.float32)
        return cls(
            np.zeros((0, len(DEMAND)), np.float32),
            np.zeros((0, len(KINDS)), np.int64),
            *(nothing, nothing),
            *(0.0, 0.0),
        )

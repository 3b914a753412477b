"""What one request leaves of what may be shown: whom a gift is for, and fenced categories."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from shared.catalogue import Catalogue, Fence


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Equal for requests that leave the same."""

    age: int = 0
    """Of whom a gift is for; 0: not known."""
    most_micros: int = 0
    """What a gift may cost; 0: anything."""
    fence: Fence | None = None

    def suits(self, catalogue: Catalogue, rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which offers that the catalogue knows are left; of a slice, those from 0 on."""
        suits = np.ones(len(catalogue.kind[rows]), np.bool_)
        if self.age:
            suits &= catalogue.min_age[rows] <= self.age
        if self.most_micros:
            is_item = catalogue.kind[rows] == PRODUCT
            suits &= ~is_item | (catalogue.price_micros[rows] <= self.most_micros)
        if self.fence is not None:
            suits &= self.fence.holds(catalogue, rows)
        return suits


EVERYTHING = Narrowing()

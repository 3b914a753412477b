"""Whom a gift is for, and what it may cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.catalogue import PRODUCT
from shared.catalogue import Catalogue
from shared.exchange import NO_EXCHANGE, Exchange


@dataclass(frozen=True, slots=True)
class Bounds:
    """Equal for gifts of which the same suits."""

    age: int = 0
    """Of whom it is for; 0: not known."""
    most_micros: int = 0
    """What it may cost in the home currency; 0: anything."""
    exchange: Exchange = NO_EXCHANGE
    """By which that is so: of others something else may suit."""

    def suit(self, catalogue: Catalogue, rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which offers that the catalogue knows suit; of a slice, those from 0 on."""
        suits = np.ones(len(catalogue.kind[rows]), np.bool_)
        if self.age:
            suits &= catalogue.min_age[rows] <= self.age
        if self.most_micros:
            is_item = catalogue.kind[rows] == PRODUCT
            suits &= ~is_item | self._is_affordable(catalogue, rows)
        return suits

    def _is_affordable(
        self, catalogue: Catalogue, rows: slice | NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        affordable: NDArray[np.bool_] = catalogue.home_prices(rows) <= self.most_micros
        known = self.exchange.is_known(rows, catalogue)
        return affordable if known is None else affordable & known

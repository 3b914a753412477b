"""Tells how the values of candidates are converted into one currency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.arbitration import Exchanged
from shared.catalogue import Catalogue
from shared.exchange import Exchange as SharedExchange


class Exchange(SharedExchange):
    """The rates of one bundle, and what is told of them."""

    __slots__ = ()

    def of(self, nos: NDArray[np.integer], catalogue: Catalogue) -> Exchanged | None:
        """Return how the values of candidates are converted; None: all is in one currency."""
        rates = self.rates(catalogue)
        if rates is None:
            return None
        currency_no, table = catalogue.currency_no[nos], self.table(catalogue)
        names = catalogue.currencies.texts()
        return Exchanged(rates[currency_no], currency_no, names, table.base, table.as_of)

"""What amounts in other currencies come to in the base, by the rates of their day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.measures.log import Wholes

UNIT = 10**9
"""Billionths: what a rate is counted in."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What currencies are worth in the base, and from when on."""

    since_us: Wholes
    """Ascending, shape (days,); the first rates hold before it as well."""
    billionths: Wholes
    """Of one unit, shape (days, currencies); 0: nobody knows. The first currency is the base."""

    def at(self, time_us: Wholes, currency_no: NDArray[np.integer]) -> Wholes:
        """Return the rate of each currency at its time."""
        day = np.maximum(np.searchsorted(self.since_us, time_us, "right") - 1, 0)
        found: Wholes = self.billionths[day, currency_no]
        return found


def to_base(micros: Wholes, rate: Wholes) -> Wholes:
    """Convert amounts, rounded half up, exactly as a table of currencies does."""
    converted = micros.copy()
    for at in np.flatnonzero(rate != UNIT).tolist():
        converted[at] = (2 * int(micros[at]) * int(rate[at]) + UNIT) // (2 * UNIT)
    return converted

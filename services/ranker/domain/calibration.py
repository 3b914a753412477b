"""Whether probabilities hold: of what was foretold at 10%, a tenth should have been accepted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """One stretch of the reliability curve."""

    count: int
    foretold: float
    """Mean of the probabilities, 0 to 1."""
    accepted: float
    """Share that was accepted, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A reliability curve."""

    bins: tuple[Bin, ...]
    """From the least likely to the most; of equal mass."""
    error: float
    """Expected calibration error: mean distance of foretold and accepted, weighed by count."""
    logloss: float
    """Mean of -log of the probability of what happened."""


def calibration(foretold: NDArray[np.float64], accepted: NDArray[np.bool_]) -> Calibration:
    """Return the curve in `BINS` bins of equal mass, of fewer where there are fewer answers."""
    order = np.argsort(foretold, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    bins = tuple(
        Bin(len(part), float(foretold[part].mean()), float(accepted[part].mean())) for part in parts
    )
    total = len(foretold)
    if not total:
        return Calibration((), 0.0, 0.0)
    error = sum(each.count * abs(each.foretold - each.accepted) for each in bins) / total
    said = np.where(accepted, foretold, 1.0 - foretold)
    loss = -np.log(np.maximum(said, _LEAST)).mean()
    return Calibration(bins, error, float(loss))


_LEAST = 1e-9

"""How good predicted probabilities of acceptance were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
_BINS: Final = 10
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True)
class AcceptanceScores:
    """Of some rows."""

    log_loss: float
    auc: float
    """0.5 where all or none was accepted."""
    calibration_error: float
    """Expected calibration error over bins of equal mass (Naeini et al. 2015)."""


def scores(probabilities: Column, accepted: Column) -> AcceptanceScores:
    """Return how good probabilities are; columns of shape (rows,), at least one."""
    return AcceptanceScores(
        float(log_losses(probabilities, accepted).mean()),
        _auc(probabilities, accepted),
        _calibration_error(probabilities, accepted),
    )


def log_losses(probabilities: Column, accepted: Column) -> Column:
    """Return the log-loss of each row; a millionth off 0 and 1 at the least."""
    sure = np.clip(probabilities, _LEAST, 1.0 - _LEAST)
    losses: Column = -np.where(accepted > 0.0, np.log(sure), np.log(1.0 - sure))
    return losses


def _auc(probabilities: Column, accepted: Column) -> float:
    """Return the area under the ROC curve by ranks, ties shared (Mann & Whitney 1947)."""
    yes = float(accepted.sum())
    no = len(accepted) - yes
    if not yes or not no:
        return 0.5
    _, inverse, counts = np.unique(probabilities, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]
    return float((ranks @ accepted - yes * (yes + 1.0) / 2.0) / (yes * no))


def _calibration_error(probabilities: Column, accepted: Column) -> float:
    order = np.argsort(probabilities, kind="stable")
    bins = np.array_split(order, min(_BINS, len(order)))
    gaps = [len(some) * abs(float((probabilities[some] - accepted[some]).mean())) for some in bins]
    return float(sum(gaps) / len(order))

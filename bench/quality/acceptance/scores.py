"""How good probabilities are: area under the curve, log-loss, calibration, with intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.figures import Definition, significant
from bench.quality.acceptance.tables import Flags
from bench.quality.rows import Row
from services.ranker.domain.calibration import calibration

Probabilities = NDArray[np.float64]
Score = Callable[[Flags, Probabilities], float]

_RESAMPLES = 1_000
_SEED = 20_171
_LEAST = 1e-9


def auc(accepted: Flags, foretold: Probabilities) -> float:
    """Return how often what was accepted is foretold higher than what was not; ties count half."""
    order = np.argsort(foretold, kind="stable")
    _, first, counts = np.unique(foretold[order], return_index=True, return_counts=True)
    ranks = np.empty(len(foretold))
    ranks[order] = np.repeat(first + (counts + 1) / 2, counts)
    positives = int(accepted.sum())
    negatives = len(accepted) - positives
    above = ranks[accepted].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def logloss(accepted: Flags, foretold: Probabilities) -> float:
    """Return the mean of -log of the probability of what happened."""
    return float(losses(accepted, foretold).mean())


def losses(accepted: Flags, foretold: Probabilities) -> NDArray[np.float64]:
    """Return -log of the probability of what happened, of each answer."""
    said = np.clip(np.where(accepted, foretold, 1.0 - foretold), _LEAST, 1.0)
    found: NDArray[np.float64] = -np.log(said)
    return found


def ece(accepted: Flags, foretold: Probabilities) -> float:
    """Return the expected calibration error in ten bins of equal mass, as the ranker reports it."""
    return calibration(foretold, accepted).error


class Resamples:
    """The same draws of whole persons for every score, so that scores compare in pairs."""

    def __init__(self, people: NDArray[np.int64]) -> None:
        order = np.argsort(people, kind="stable")
        ids, starts = np.unique(people[order], return_index=True)
        own = np.split(order, starts[1:])
        random = np.random.default_rng(_SEED)
        self._draws = [
            np.concatenate([own[at] for at in random.integers(0, len(ids), len(ids))])
            for _ in range(_RESAMPLES)
        ]

    def interval(self, of: Callable[[NDArray[np.integer]], float]) -> tuple[float, float]:
        """Return the 95% interval of what `of` makes of the answers drawn."""
        low, high = np.quantile([of(drawn) for drawn in self._draws], (0.025, 0.975))
        return float(low), float(high)


def figure(
    name: str, value: float, spread: tuple[float, float], definition: Definition | None = None
) -> Row:
    """Return a row of the table; without a definition it has no target."""
    definition = definition or Definition("quality", "score")
    return {
        "name": name,
        "value": significant(value),
        "unit": definition.unit,
        "target": definition.target,
        "ok": definition.is_met(value),
        "spread": [significant(bound) for bound in spread],
    }

"""Finds the regularisation and the weight of what was not bought that do best on what came next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from services.retrieval.domain.learning.ials import Matrix, Setting
from services.retrieval.domain.learning.sketch import sketched
from services.retrieval.domain.learning.validation import Validation

REGULARISATIONS = (0.001, 0.003, 0.01, 0.03)
UNOBSERVED_WEIGHTS = (0.03, 0.1, 0.3, 1.0, 3.0)
_START = (0.003, 0.3)
_DIMENSIONS = 32
_SWEEPS = 4
"""Enough to tell settings apart; the final vectors are longer and solved more often."""
_MOST_TRIALS = 8


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried."""

    regularisation: float
    unobserved_weight: float
    ndcg10: float
    """Of novel items in the part held back, 0 to 1; 0 where too little was held back to tell."""


def tuned(validation: Validation, seed: int, on_trial: Callable[[int, int], None]) -> list[Trial]:
    """Climb from one setting to its better neighbours on the grid; return trials, best first.

    `on_trial` is told how many trials are done and how many there will be at the most.
    """
    if not validation.suffices:
        return [Trial(*_START, 0.0)]
    sketch = sketched(validation, seed)
    matrix = Matrix(sketch.taste, sketch.rows_of_whole)
    tried: dict[tuple[float, float], float] = {}

    def score(place: tuple[float, float]) -> float:
        if place not in tried and len(tried) < _MOST_TRIALS:
            setting = Setting(*place, dimensions=_DIMENSIONS, sweeps=_SWEEPS)
            tried[place] = sketch.novel_ndcg(matrix.factorised(setting, seed))
            on_trial(len(tried), _MOST_TRIALS)
        return tried.get(place, -1.0)

    best = _START
    while (better := max(_around(best), key=score)) != best and score(better) > score(best):
        best = better
    ranked = sorted(tried.items(), key=lambda trial: -trial[1])
    return [Trial(*place, ndcg10=value) for place, value in ranked]


def _around(place: tuple[float, float]) -> list[tuple[float, float]]:
    """Return a place of the grid and those beside it, itself first."""
    at = REGULARISATIONS.index(place[0]), UNOBSERVED_WEIGHTS.index(place[1])
    steps = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))
    places = [(at[0] + down, at[1] + right) for down, right in steps]
    return [
        (REGULARISATIONS[row], UNOBSERVED_WEIGHTS[column])
        for row, column in places
        if 0 <= row < len(REGULARISATIONS) and 0 <= column < len(UNOBSERVED_WEIGHTS)
    ]

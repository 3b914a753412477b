"""Says how well cells foretell what units held back took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_counts import LEAST_SHARE, Counted, Strength, Takings
from services.retrieval.domain.learning.cell_keys import narrowest

_STRENGTHS: tuple[Strength, ...] = tuple(product((3000.0, 300.0, 30.0), (1000.0, 300.0)))
"""How strongly cells are drawn, the strongest first."""
_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What some facets came to."""

    columns: tuple[int, ...]
    strength: Strength
    gains: NDArray[np.float64]
    """Of each unit: nats by which its cell foretold what it took better than all units did."""
    takings: int

    @property
    def gain(self) -> float:
        """Nats per item taken."""
        return float(self.gains.sum()) / max(self.takings, 1)

    def is_better_than(self, other: Outcome | None) -> bool:
        """Say whether it gains more, by more than a standard error.

        None is no cells at all; to be better than that takes two, because many facets are tried.
        """
        if other is None:
            return _is_above_chance(self.gains, 2.0)
        return _is_above_chance(self.gains - other.gains)


def _is_above_chance(gains: NDArray[np.float64], errors: float = 1.0) -> bool:
    error = gains.std() * np.sqrt(len(gains))
    return bool(gains.sum() > errors * error)


class Trial:
    """Holds back a third of the units after the other."""

    def __init__(
        self,
        table: NDArray[np.uint8],
        takings: Takings,
        rows: NDArray[np.int64],
        known: NDArray[np.bool_],
        seed: int,
    ) -> None:
        self._table, self._pairs, self._rows = table, takings.pairs, rows
        self._groups, self._known = takings.groups[rows], known
        pairs = takings.pairs
        self._fold = np.random.default_rng(seed).integers(0, _FOLDS, pairs.person_count)
        self._place = np.full(pairs.row_count, -1, np.int64)
        self._place[rows] = np.arange(len(rows))
        self._asked = known[pairs.persons] & (self._place[pairs.rows] >= 0)

    def best(self, columns: tuple[int, ...]) -> Outcome:
        """Return what facets come to, drawn as strongly as does no harm beyond chance."""
        gains = np.zeros((len(_STRENGTHS), self._pairs.person_count))
        for fold in range(_FOLDS):
            self._add(gains, columns, fold)
        best = gains[gains.sum(axis=1).argmax()]
        at = next(at for at, each in enumerate(gains) if not _is_above_chance(best - each))
        return Outcome(columns, _STRENGTHS[at], gains[at], int(self._asked.sum()))

    def _add(self, gains: NDArray[np.float64], columns: Sequence[int], fold: int) -> None:
        table = self._table[:, list(columns)]
        learning = self._known & (self._fold != fold)
        found = Counted.of(table, self._pairs, self._rows, learning)
        asked = self._asked & (self._fold[self._pairs.persons] == fold)
        units, taken = self._pairs.persons[asked], self._place[self._pairs.rows[asked]]
        if not len(units):
            return
        cells = narrowest(table, found.keys)[units]
        for at, strength in enumerate(_STRENGTHS):
            logs = _log_lifts(found.shares(strength, self._groups), cells, taken)
            gains[at] += np.bincount(units, logs, minlength=gains.shape[1])


def _log_lifts(
    shares: NDArray[np.float32], cells: NDArray[np.int64], taken: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the logs of how much likelier each item taken is for the cell than for all units."""
    every = np.maximum(shares.sum(axis=1), LEAST_SHARE)
    ours = np.maximum(shares[cells, taken] / every[cells], LEAST_SHARE)
    usual = np.maximum(shares[0] / every[0], LEAST_SHARE)
    return np.asarray(np.log(ours / usual[taken]), np.float32)

"""What speaks for an item being what a person takes next, as columns that a blend weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import ItemModel, PersonModel

HABIT_HALF_LIVES_DAYS = (21.0, 84.0, 280.0)
"""How fast a purchase is forgotten, for three views of the same habit."""
SIGNALS = (
    "heat",
    "buyers",
    "vector",
    "neighbours",
    "seen",
    "own",
    "own habit 21 d",
    "own habit 84 d",
    "own habit 280 d",
    "own repeats",
    "own heat",
    "own buyers",
    "own vector",
    "own neighbours",
)
"""In the order of `ItemModel.blend`. Those named `own` are 0 for what was never bought."""
DEFAULT_BLEND = np.array(
    (-3.5, 0.3, -0.2, 1.5, 0.3, 0.0, 0.0, 0.4, 0.0, 0.9, 0.5, 0.0, 0.0, 0.0, 0.0), np.float32
)
"""Where too little was held back to learn it: near what two real shops came to."""
_HABITS = slice(6, 9)
_HABIT_SCALE = 4.0
_LEAST_EVIDENCE = 0.01
_REMEMBERED = 200
"""Items of one person, the strongest, that speak through their neighbours."""


@dataclass(frozen=True, slots=True)
class Taste:
    """What is known of one person; the columns are of equal length."""

    vector: NDArray[np.float32]
    """(d,)"""
    rows: NDArray[np.integer]
    """Rows of `ItemModel` that the person dealt with, ascending."""
    weights: NDArray[np.float32]
    """How strongly."""
    habits: NDArray[np.float32]
    """(rows, 3) purchases, decayed by `HABIT_HALF_LIVES_DAYS`; 0: never bought."""


def taste_of(persons: PersonModel, person: int) -> Taste:
    """Return what was learned of the person at a place in `person_ids`."""
    own = slice(int(persons.starts[person]), int(persons.starts[person + 1]))
    return Taste(
        persons.factors[person], persons.rows[own], persons.weights[own], persons.habits[own]
    )


def visitor_taste(
    vector: NDArray[np.float32], rows: NDArray[np.integer], weights: NDArray[np.float32]
) -> Taste:
    """Return what is known of somebody who bought nothing yet and saw a few items."""
    order = np.argsort(rows, kind="stable")
    no_habits = np.zeros((len(rows), len(HABIT_HALF_LIVES_DAYS)), np.float32)
    return Taste(vector, rows[order], weights[order].astype(np.float32), no_habits)


def nobodys_taste(items: ItemModel) -> Taste:
    """Return the taste of somebody of whom nothing is known: what is bought lately is all."""
    nothing = np.zeros(0, np.int64)
    vector = np.zeros(items.factors.shape[1], np.float32)
    return visitor_taste(vector, nothing, nothing.astype(np.float32))


class Signals:
    """Computes the columns for persons against the items of one model."""

    def __init__(self, items: ItemModel) -> None:
        self._items = items
        self._popular = np.stack((np.log(items.heat + 0.5), np.log(items.buyers + 3.0)), 1)
        self._popular = self._popular.astype(np.float32)
        self._repeats = np.log(np.maximum(items.repeats, 1.0)).astype(np.float32)
        self._neighbour_rows = np.maximum(items.rows_of(items.neighbour_nos.ravel()), 0).reshape(
            items.neighbour_nos.shape
        )

    def evidence(self, taste: Taste) -> NDArray[np.float32]:
        """Return (n,) how strongly a person's items speak for each of their neighbours."""
        rows, weights = taste.rows, taste.weights
        if len(rows) > _REMEMBERED:
            strongest = (-weights).argpartition(_REMEMBERED)[:_REMEMBERED]
            rows, weights = rows[strongest], weights[strongest]
        near = self._neighbour_rows[rows].ravel()
        scores = (self._items.neighbour_scores[rows] * weights[:, None]).ravel()
        summed = np.bincount(near, scores, minlength=len(self._popular))
        most = float(summed.max()) if len(summed) else 0.0
        evidence: NDArray[np.float32] = (summed / (most or 1.0)).astype(np.float32)
        return evidence

    def columns(
        self, taste: Taste, rows: NDArray[np.int64], evidence: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return (rows, signals) for rows, ascending and each given once."""
        columns = np.zeros((len(rows), len(SIGNALS)), np.float32)
        columns[:, :2] = self._popular[rows]
        columns[:, 2] = self._items.factors[rows] @ taste.vector
        columns[:, 3] = np.log(evidence[rows] + _LEAST_EVIDENCE)
        if len(rows) and len(taste.rows):
            self._add_own(columns, taste, rows)
        return columns

    def _add_own(self, columns: NDArray[np.float32], taste: Taste, rows: NDArray[np.int64]) -> None:
        """Fill what tells of the person's own dealings, in the few lines that have any."""
        lines = rows.searchsorted(taste.rows)
        lines[lines == len(rows)] = 0
        is_there = (rows[lines] == taste.rows).nonzero()[0]
        lines, habits = lines[is_there], taste.habits[is_there]
        is_bought = habits[:, -1] > 0
        bought = lines[is_bought]
        columns[lines, 4] = taste.weights[is_there] * ~is_bought
        columns[bought, 5] = 1.0
        columns[lines, _HABITS] = np.log1p(_HABIT_SCALE * habits)
        columns[bought, 9] = self._repeats[rows[bought]]
        columns[bought, 10:] = columns[bought, :4]

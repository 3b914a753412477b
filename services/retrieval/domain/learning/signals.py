"""What speaks for an item being what a person takes next, as columns that a blend weighs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import ItemModel, PersonModel
from services.retrieval.domain.learning.rhythm import DATES, TRIPS

HABIT_HALF_LIVES_DAYS = (21.0, 84.0, 280.0)
"""How fast a purchase is forgotten, for three views of the same habit."""
HABITS = len(DATES) + len(HABIT_HALF_LIVES_DAYS)
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
_LATELY_DAYS = 30.0
_OF_ITSELF, _SHRINKAGE = 0.3, 10.0
_REMEMBERED = 200
"""Items of one person, the strongest, that speak through their neighbours."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Taste:
    """What is known of one person; the columns are of equal length."""

    vector: NDArray[np.float32]
    """(d,)"""
    rows: NDArray[np.integer]
    """Rows of `ItemModel` that the person dealt with, ascending."""
    weights: NDArray[np.float32]
    """How strongly."""
    habits: NDArray[np.float32]
    """(rows, HABITS) dates of purchase, then days decayed by `HABIT_HALF_LIVES_DAYS`; 0: never."""
    trips: NDArray[np.float32]
    """(TRIPS,) how the person shops."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """How strongly a person's items speak for their neighbours; of all other rows nothing does."""

    rows: NDArray[np.int64]
    """Ascending, none twice."""
    strengths: NDArray[np.float32]
    """Above 0; 1 for the strongest."""
    others: NDArray[np.float32]
    """(rows, 2) how strongly what was bought lately speaks for each, and how strongly all do where
    it counts less that they are bought by many."""

    def of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the strength for each row."""
        if not len(self.rows):
            return np.zeros(len(rows), np.float32)
        places = np.minimum(self.rows.searchsorted(rows), len(self.rows) - 1)
        found: NDArray[np.float32] = self.strengths[places] * (self.rows[places] == rows)
        return found

    def others_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (rows, 2): the others for each row."""
        if not len(self.rows):
            return np.zeros((len(rows), 2), np.float32)
        places = np.minimum(self.rows.searchsorted(rows), len(self.rows) - 1)
        found: NDArray[np.float32] = self.others[places] * (self.rows[places] == rows)[:, None]
        return found


NO_EVIDENCE = Evidence(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros((0, 2), np.float32))


def taste_of(persons: PersonModel, person: int) -> Taste:
    """Return what was learned of the person at a place in `person_ids`."""
    own = slice(int(persons.starts[person]), int(persons.starts[person + 1]))
    return Taste(
        persons.factors[person],
        persons.rows[own],
        persons.weights[own],
        persons.habits[own],
        persons.trips[person],
    )


def visitor_taste(
    vector: NDArray[np.float32], rows: NDArray[np.integer], weights: NDArray[np.float32]
) -> Taste:
    """Return what is known of somebody who bought nothing yet and saw a few items."""
    order = np.argsort(rows, kind="stable")
    no_habits = np.zeros((len(rows), HABITS), np.float32)
    no_trips = np.zeros(len(TRIPS), np.float32)
    return Taste(vector, rows[order], weights[order].astype(np.float32), no_habits, no_trips)


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
        self._middle = np.median(self._popular, axis=0) if len(self._popular) else np.zeros(2)
        self._repeats = np.log(np.maximum(items.repeats, 1.0)).astype(np.float32)
        highest = max(items.offer_nos.max(initial=0), items.neighbour_nos.max(initial=0))
        self._row_of = np.zeros(int(highest) + 1, np.int32)
        """By offer number: a row for each of all neighbours would take as much as the model."""
        self._row_of[items.offer_nos] = np.arange(len(items.offer_nos))
        self._weighed_buyers = items.buyers.astype(np.float64) ** (1.0 - _OF_ITSELF)
        self._place = np.zeros(len(items.offer_nos), np.int64)
        """Written before it is read, so that it need not be cleared."""

    def evidence(self, taste: Taste) -> Evidence:
        """Return how strongly a person's items speak for each of their neighbours.

        Costs by how many these are, not by how many items there are.
        """
        own = np.arange(len(taste.rows))
        if len(own) > _REMEMBERED:
            own = (-taste.weights).argpartition(_REMEMBERED)[:_REMEMBERED]
        rows, weights = taste.rows[own], taste.weights[own]
        scores = self._items.neighbour_scores[rows]
        told = scores > 0.0
        neighbours = self._row_of[self._items.neighbour_nos[rows]]
        near = neighbours[told].astype(np.int64)
        if not len(near):
            return NO_EVIDENCE
        # One of the places of each row, so that each comes once.
        places = np.arange(len(near))
        self._place[near] = places
        found = np.sort(near[self._place[near] == places])
        self._place[found] = places[: len(found)]
        at, bought = self._place[near], taste.habits[own, -1] > 0.0
        lately = bought * np.exp2(-taste.habits[own, 1] / _LATELY_DAYS)
        sums = [
            np.bincount(at, (scores * each[:, None])[told], len(found))
            for each in (weights, lately)
        ]
        sums.append(np.bincount(at, self._evenly(rows, neighbours)[told], len(found)))
        strongest, *others = (each.astype(np.float32) for each in sums)
        return Evidence(found, strongest / strongest.max(), np.stack(others, 1))

    def _evenly(
        self, rows: NDArray[np.integer], neighbours: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Return how likely each neighbour is for one of the rows, hardly less for the popular."""
        ours = self._items.buyers[rows].astype(np.float64)[:, None] ** _OF_ITSELF
        theirs = self._weighed_buyers[neighbours]
        counts = self._items.neighbour_counts[rows]
        share: NDArray[np.float64] = counts / (ours * theirs + _SHRINKAGE)
        return share

    def columns(
        self, taste: Taste, rows: NDArray[np.int64], evidence: Evidence
    ) -> NDArray[np.float32]:
        """Return (rows, signals) for rows, ascending and each given once."""
        columns = np.zeros((len(rows), len(SIGNALS)), np.float32)
        columns[:, :2] = self._popular[rows]
        columns[:, 2] = self._items.factors[rows] @ taste.vector
        columns[:, 3] = np.log(evidence.of(rows) + _LEAST_EVIDENCE)
        if len(rows) and len(taste.rows):
            self._add_own(columns, taste, rows)
        return columns

    def columns_of_new(self, products: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, signals) for what nobody dealt with: the middle of all but for its vector.

        `products` are of foretold vectors with somebody's.
        """
        columns = np.zeros((len(products), len(SIGNALS)), np.float32)
        columns[:, :2] = self._middle
        columns[:, 2] = products
        columns[:, 3] = np.log(_LEAST_EVIDENCE)
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
        decayed = habits[:, -len(HABIT_HALF_LIVES_DAYS) :]
        columns[lines, _HABITS] = np.log1p(_HABIT_SCALE * decayed)
        columns[bought, 9] = self._repeats[rows[bought]]
        columns[bought, 10:] = columns[bought, :4]

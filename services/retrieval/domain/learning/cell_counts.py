"""What cells took, counted, and drawn to what is foretold of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_keys import cell_keys, depth, places_of, wider_keys
from services.retrieval.domain.learning.pairs import Pairs

FEWEST_MEMBERS = 20
"""A cell of fewer says less than wider ones, and too much of its members."""
MOST_CELLS = 256
LEAST_SHARE = 1e-6

Strength = tuple[float, float]
"""Units that what is foretold of an item counts as much as, and takings that what is foretold of a
category does."""


@dataclass(frozen=True, slots=True)
class Takings:
    """What units took, and the groups of items that go together, such as categories."""

    pairs: Pairs
    groups: NDArray[np.int64]
    """(rows,) from 0."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Cells with the members who took each item."""

    keys: NDArray[np.int64]
    members: NDArray[np.int64]
    counts: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        table: NDArray[np.uint8],
        pairs: Pairs,
        rows: NDArray[np.int64],
        taking: NDArray[np.bool_],
    ) -> Counted:
        """Count the cells of some units; small ones are left out, but never everybody's."""
        units = np.flatnonzero(taking)
        of_units = cell_keys(table[units])
        keys, members = np.unique(of_units[of_units >= 0], return_counts=True)
        large = (members >= FEWEST_MEMBERS) | (keys == 0)
        if large.sum() > MOST_CELLS:
            large &= members >= np.sort(members)[-MOST_CELLS]
        keys, members = keys[large], members[large]
        place = np.full(pairs.row_count, -1, np.int64)
        place[rows] = np.arange(len(rows))
        kept = taking[pairs.persons] & (place[pairs.rows] >= 0)
        line = np.full(pairs.person_count, -1, np.int64)
        line[units] = np.arange(len(units))
        who, taken = line[pairs.persons[kept]], place[pairs.rows[kept]]
        counts = np.zeros(len(keys) * len(rows), np.float32)
        for column in of_units.T:
            cell = places_of(keys, column)[who]
            there = cell >= 0
            cells = cell[there] * len(rows) + taken[there]
            counts += np.bincount(cells, minlength=len(counts)).astype(np.float32)
        return cls(keys, members, counts.reshape(len(keys), len(rows)))

    def shares(self, strength: Strength, groups: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the shares of each cell, drawn to what wider cells and its categories say."""
        of_items, of_groups = strength
        shares = np.empty_like(self.counts)
        shares[0] = self.counts[0] / max(int(self.members[0]), 1)
        place_of = {key: place for place, key in enumerate(self.keys.tolist())}
        for at in sorted(range(1, len(self.keys)), key=lambda at: depth(int(self.keys[at]))):
            wider = [place_of[key] for key in wider_keys(int(self.keys[at])) if key in place_of]
            foretold = _combined(shares[wider], shares[0])
            foretold *= self._lifts(at, foretold, groups, of_groups)
            drawn = self.counts[at] + of_items * foretold
            shares[at] = drawn / (self.members[at] + of_items)
        return shares

    def _lifts(
        self, at: int, foretold: NDArray[np.float32], groups: NDArray[np.int64], strength: float
    ) -> NDArray[np.float32]:
        """Return, by item, how much more than foretold a cell takes of its group."""
        expected = np.bincount(groups, foretold * self.members[at])
        found = np.bincount(groups, self.counts[at])
        usual = found.sum() / max(float(expected.sum()), LEAST_SHARE)
        lifts = (found + strength * usual) / (expected + strength)
        return np.asarray(lifts[groups], np.float32)


def _combined(wider: NDArray[np.float32], everybodys: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what cells foretell of their overlap where each of its words acts by itself."""
    if len(wider) == 1:
        return np.array(wider[0])
    floor = np.maximum(everybodys, LEAST_SHARE)
    logs = np.log(np.maximum(wider, LEAST_SHARE) / floor).sum(axis=0) / (len(wider) - 1)
    combined: NDArray[np.float32] = np.minimum(floor * np.exp(logs), 1.0).astype(np.float32)
    return combined

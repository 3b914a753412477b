"""What the people of a cell bought who dealt with an item: partners of items, cell by cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_keys import cell_keys, places_of
from services.retrieval.domain.learning.cells import Cells
from services.retrieval.domain.learning.groups import FEWEST, SHIFT
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.pairs import Pairs

_MOST_ITEMS = 3000
"""Items that have partners by cell: those that the most people dealt with."""
_MOST_NEAR = 30
_MOST_OF_KEY = 20
_STRENGTH = 20.0
"""Members that what is foretold of a cell counts as much as."""
_MOST_STEPS = 100_000_000
_LEAST_SHARE = 1e-6
_GREATEST_LIFT = 5.0


def partners_of(
    cells: Cells, table: NDArray[np.uint8], dealt: Pairs, bought: Pairs, items: ItemModel
) -> dict[str, Any]:
    """Return the columns of partners of a `GroupModel`, of the neighbours that items have anyway.

    A neighbour counts the more the likelier it is within the cell, which is drawn to what all
    people say of the pair and the cell of the partner.
    """
    counter = _Counter(cells, table, dealt, bought)
    near_rows = items.rows_of(items.neighbour_nos[:, :_MOST_NEAR].ravel())
    near_rows = near_rows.reshape(len(items.offer_nos), -1)
    found: list[tuple[int, int, NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]] = []
    for row in counter.most_dealt_with():
        near = near_rows[row][items.neighbour_nos[row, :_MOST_NEAR] > 0]
        if not len(near) or not counter.may_go_on:
            continue
        totals, counts = counter.count(row, near)
        scores = items.neighbour_scores[row, : len(near)] * counter.lifts(totals, counts, near)
        for cell in (np.flatnonzero((counts[1:] >= FEWEST).any(axis=1)) + 1).tolist():
            told = np.flatnonzero(counts[cell] >= FEWEST)
            best = told[(-scores[cell, told]).argsort(kind="stable")][:_MOST_OF_KEY]
            key = (cell << SHIFT) | int(items.offer_nos[row])
            found.append(
                (key, int(totals[cell]), near[best], scores[cell, best], counts[cell, best])
            )
    return _columns(sorted(found, key=lambda each: each[0]), items.offer_nos)


class _Counter:
    """Counts who of each cell dealt with an item and bought another."""

    def __init__(self, cells: Cells, table: NDArray[np.uint8], dealt: Pairs, bought: Pairs) -> None:
        self._cells = cells
        self._of_person = places_of(cells.keys, cell_keys(table))
        self._dealt, self._bought = dealt.turned(), bought.turned()
        self._dealt_starts, self._bought_starts = self._dealt.starts, self._bought.starts
        self._dealers = dealt.buyers
        self._marked = np.zeros(dealt.person_count, np.bool_)
        self._steps = 0
        place = np.full(dealt.row_count, -1, np.int64)
        place[cells.rows] = np.arange(len(cells.rows))
        self._place = place

    @property
    def may_go_on(self) -> bool:
        return self._steps < _MOST_STEPS

    def most_dealt_with(self) -> list[int]:
        most = np.argsort(-self._dealers, kind="stable")[:_MOST_ITEMS]
        enough: list[int] = most[self._dealers[most] >= FEWEST].tolist()
        return enough

    def count(
        self, row: int, near: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return (cells,) who dealt with a row, and (cells, near) who of them bought others."""
        size, starts = len(self._cells.keys), self._bought_starts
        people = self._dealt.rows[self._dealt_starts[row] : self._dealt_starts[row + 1]]
        self._marked[people] = True
        buyers = [self._bought.rows[starts[each] : starts[each + 1]] for each in near.tolist()]
        lines = np.repeat(np.arange(len(near)), [len(each) for each in buyers])
        who = np.concatenate(buyers)
        both = self._marked[who]
        self._marked[people] = False
        self._steps += len(who) + len(people)
        own, lines = self._of_person[who[both]], lines[both]
        cells = np.where(own >= 0, own * len(near) + lines[:, None], size * len(near))
        counts = np.bincount(cells.ravel(), minlength=size * len(near) + 1)[:-1]
        mine = self._of_person[people]
        totals = np.bincount(mine[mine >= 0], minlength=size)
        return totals, counts.reshape(size, len(near))

    def lifts(
        self, totals: NDArray[np.int64], counts: NDArray[np.int64], near: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return (cells, near) how much likelier than for all people each partner is."""
        usual = np.maximum(counts[0] / max(int(totals[0]), 1), _LEAST_SHARE)
        places = self._place[near]
        known = np.where(places >= 0, places, 0)
        shares = np.maximum(self._cells.shares[:, known], _LEAST_SHARE)
        foretold = np.where(places >= 0, shares / shares[0], 1.0)
        foretold = usual * np.clip(foretold, 1.0 / _GREATEST_LIFT, _GREATEST_LIFT)
        drawn = (counts + _STRENGTH * foretold) / (totals[:, None] + _STRENGTH)
        lifts: NDArray[np.float32] = (drawn / usual).astype(np.float32)
        return lifts


def _columns(
    found: list[tuple[int, int, NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]],
    offer_nos: NDArray[np.uint32],
) -> dict[str, Any]:
    if not found:
        return {}
    keys, totals, rows, scores, counts = zip(*found, strict=True)
    ends = np.cumsum([len(each) for each in rows])
    return {
        "partner_keys": np.array(keys, np.int64),
        "partner_totals": np.array(totals, np.uint32),
        "partner_starts": np.concatenate(([0], ends)).astype(np.int64),
        "partner_nos": offer_nos[np.concatenate(rows)].astype(np.uint32),
        "partner_scores": np.concatenate(scores).astype(np.float32),
        "partner_counts": np.concatenate(counts).astype(np.uint32),
    }

"""The design matrix of a report: which characteristics become columns, and whose rows they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.insight.answered import Answered, Characteristic, Floats, Numbers
from services.ranker.domain.meeting import PEOPLE

MOST_COLUMNS: Final = 300
_FEWEST_ROWS_WITHOUT: Final = 20
"""What (nearly) all rows have tells none of them apart."""
_TIMES: Final = 8
"""Stretches of the period with a level each: what all did more of then is nobody's trait."""
_CHUNK: Final = 16_384


@dataclass(frozen=True, slots=True)
class Column:
    """One characteristic in the matrix."""

    characteristic: Characteristic
    people: int
    shown: int
    accepted: int


class Design:
    """Rows sorted by person; characteristics first, then what every comparison allows for.

    That is where and when something was shown, by columns, and what was shown, by one level per
    offer: people who are shown other offers are not for that reason other people.
    """

    def __init__(self, answered: Answered, dictionary: Mapping[int, Characteristic]) -> None:
        order = np.argsort(answered.person, kind="stable")
        self.accepted: Floats = answered.accepted[order].astype(np.float64)
        self.time_us: Numbers = answered.time_us[order]
        self.offer: Numbers = np.unique(answered.offer_no[order], return_inverse=True)[1]
        self.offers = int(self.offer.max(initial=-1)) + 1
        _, self.person_starts = np.unique(answered.person[order], return_index=True)
        self.people = len(self.person_starts)
        self.rows = answered.rows
        self._place(answered, order, dictionary)
        self._allow_for(answered.placement[order])

    def _place(
        self, answered: Answered, order: Numbers, dictionary: Mapping[int, Characteristic]
    ) -> None:
        """Find the characteristics that are named and told apart, and the cells they stand in."""
        known = np.array(sorted(dictionary), np.uint32)
        rank = np.empty_like(order)
        rank[order] = np.arange(self.rows)
        owners = np.repeat(rank, np.diff(answered.starts))
        at = np.minimum(known.searchsorted(answered.hashes), max(len(known) - 1, 0))
        is_known = known[at] == answered.hashes if len(known) else np.zeros(len(at), np.bool_)
        cells = np.unique(owners[is_known] * len(known) + at[is_known])
        rows, kinds = np.divmod(cells, max(len(known), 1))
        shown = np.bincount(kinds, minlength=len(known))
        people = self._people_of(rows, kinds, len(known))
        is_telling = (people >= PEOPLE) & (self.rows - shown >= _FEWEST_ROWS_WITHOUT)
        chosen = np.flatnonzero(is_telling)
        chosen = np.sort(chosen[np.argsort(-people[chosen], kind="stable")[:MOST_COLUMNS]])
        accepted = np.bincount(kinds, self.accepted[rows], len(known))
        self.columns = [
            Column(dictionary[int(known[kind])], int(people[kind]), int(shown[kind]), round(yes))
            for kind, yes in zip(chosen.tolist(), accepted[chosen].tolist(), strict=True)
        ]
        new = np.full(len(known) + 1, -1)
        new[chosen] = np.arange(len(chosen))
        is_kept = new[kinds] >= 0
        self._cell_rows, self._cell_columns = rows[is_kept], new[kinds[is_kept]]

    def _people_of(self, rows: Numbers, kinds: Numbers, count: int) -> Numbers:
        persons = self.person_starts.searchsorted(rows, side="right") - 1
        pairs = np.unique(persons * max(count, 1) + kinds)
        people: Numbers = np.bincount(pairs % max(count, 1), minlength=count)
        return people

    def _allow_for(self, placements: Numbers) -> None:
        self._placement = np.unique(placements, return_inverse=True)[1]
        self._places = int(self._placement.max(initial=0)) + 1
        at = np.arange(1, _TIMES) / _TIMES
        edges = np.quantile(self.time_us, at) if self.rows else np.zeros(0)
        self._stretch = np.searchsorted(edges, self.time_us, side="right")

    @property
    def share(self) -> float:
        """What was accepted of what was shown, kept off 0 and 1."""
        return float(np.clip(self.accepted.mean(), 1e-4, 1 - 1e-4)) if self.rows else 0.5

    @property
    def width(self) -> int:
        return len(self.columns) + self._places + _TIMES

    @property
    def allowed_for(self) -> Numbers:
        """Return the columns that are in every comparison."""
        return np.arange(len(self.columns), self.width)

    @cached_property
    def named(self) -> dict[str, Numbers]:
        """Columns by the name of their characteristic."""
        found: dict[str, list[int]] = {}
        for at, column in enumerate(self.columns):
            found.setdefault(column.characteristic.name, []).append(at)
        return {name: np.array(places) for name, places in found.items()}

    @cached_property
    def _bounds(self) -> list[int]:
        """Where chunks begin: of about that many rows, and no person in two of them."""
        starts = self.person_starts
        wanted = np.arange(0, self.rows, _CHUNK)
        at = np.unique(starts[np.minimum(starts.searchsorted(wanted), len(starts) - 1)])
        return [*at.tolist(), self.rows]

    def chunks(self, columns: Numbers) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Yield rows and their cells of some columns, shape (rows, columns)."""
        place = np.full(self.width, -1)
        place[columns] = np.arange(len(columns))
        for first, after in pairwise(self._bounds):
            matrix = np.zeros((after - first, len(columns)), np.float32)
            begin, end = self._cell_rows.searchsorted((first, after))
            at = place[self._cell_columns[begin:end]]
            rows = self._cell_rows[begin:end] - first
            matrix[rows[at >= 0], at[at >= 0]] = 1.0
            all_rows, base = np.arange(after - first), len(self.columns)
            for levels, start in ((self._placement, base), (self._stretch, base + self._places)):
                at = place[start + levels[first:after]]
                matrix[all_rows[at >= 0], at[at >= 0]] = 1.0
            yield slice(first, after), matrix

    def persons_in(self, rows: slice) -> Numbers:
        """Return where the persons of a chunk begin, counted from its first row."""
        first, after = self.person_starts.searchsorted((rows.start, rows.stop))
        starts: Numbers = self.person_starts[first:after] - rows.start
        return starts

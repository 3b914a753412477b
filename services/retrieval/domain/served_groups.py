"""Groups of people made ready to be asked: by what somebody is, to what people like them take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.facets import AGE, band_of
from services.retrieval.domain.learning.groups import (
    SHIFT,
    GroupModel,
    digits_of,
    strength_of,
)

Facts = Mapping[str, str]
"""What somebody is: facet to a word."""


@dataclass(frozen=True, slots=True)
class Partners:
    """What goes with items for people of a cell, as columns of equal length."""

    nos: NDArray[np.uint32]
    scores: NDArray[np.float32]
    counts: NDArray[np.uint32]
    totals: NDArray[np.uint32]
    item_nos: NDArray[np.uint32]
    """The item that each goes with, by its family."""


@dataclass(frozen=True, slots=True)
class Takings:
    """What a cell takes, best first, as columns of equal length."""

    nos: NDArray[np.uint32]
    shares: NDArray[np.float32]
    usual: NDArray[np.float32]
    counts: NDArray[np.uint32]
    members: int

    @property
    def strength(self) -> NDArray[np.float32]:
        """By what it is sorted."""
        return strength_of(self.shares, self.usual)


class ServedGroups:
    """Looks cells up; an answer costs the same however many there are."""

    def __init__(self, model: GroupModel) -> None:
        self.model = model
        self._digits = digits_of(model)
        self._cells = {key: cell for cell, key in enumerate(model.keys.tolist())}

    def __bool__(self) -> bool:
        """Say whether there is any cell."""
        return bool(self._cells)

    def facts(self, age: int, words: Mapping[str, str]) -> Facts:
        """Return what matters of what is known of somebody, as cells say it."""
        said = {name: " ".join(words[name].lower().split()) for name in self._told(words)}
        if AGE in self.model.facets and age > 0:
            said[AGE] = band_of(age)
        return said

    def knows(self, facet: str, word: str) -> bool:
        """Say whether cells are told apart by a word."""
        return (facet, word) in self._digits

    def cells_of(self, facts: Facts) -> list[int]:
        """Return the cells that somebody belongs to, the narrowest first, without everybody's."""
        digits = [
            digit
            for facet in self.model.facets
            if (digit := self._digits.get((facet, facts.get(facet, ""))))
        ]
        keys = (
            sum(some) for size in range(len(digits), 0, -1) for some in combinations(digits, size)
        )
        return [self._cells[key] for key in keys if key in self._cells]

    def takings(self, cell: int) -> Takings:
        """Return what a cell takes; cell 0 is everybody's."""
        model = self.model
        own = slice(int(model.starts[cell]), int(model.starts[cell + 1]))
        return Takings(
            model.nos[own],
            model.shares[own],
            model.usual[own],
            model.counts[own],
            int(model.members[cell]),
        )

    def partners(self, cells: Sequence[int], family_nos: Sequence[int]) -> Partners | None:
        """Return what goes with some items in the narrowest cell that tells; None: no cell does."""
        model = self.model
        parts = [found for no in family_nos if (found := self._key(cells, no)) is not None]
        if not parts:
            return None
        starts = model.partner_starts
        spans = [slice(int(starts[at]), int(starts[at + 1])) for at, _ in parts]
        lengths = [span.stop - span.start for span in spans]
        return Partners(
            np.concatenate([model.partner_nos[span] for span in spans]),
            np.concatenate([model.partner_scores[span] for span in spans]),
            np.concatenate([model.partner_counts[span] for span in spans]),
            model.partner_totals[[at for at, _ in parts]].repeat(lengths),
            np.array([no for _, no in parts], np.uint32).repeat(lengths),
        )

    def _key(self, cells: Sequence[int], family_no: int) -> tuple[int, int] | None:
        keys = self.model.partner_keys
        for cell in cells:
            key = (cell << SHIFT) | family_no
            at = int(keys.searchsorted(key))
            if at < len(keys) and keys[at] == key:
                return at, family_no
        return None

    def _told(self, words: Mapping[str, str]) -> list[str]:
        return [facet for facet in self.model.facets if facet != AGE and words.get(facet)]


NO_GROUPS = ServedGroups(GroupModel.none())

"""What groups of people take, and what goes with an item for each group; it names nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.cell_keys import BASE

FEWEST = 5
"""Nothing is counted of fewer people than this."""
SHIFT = 32
"""A key of partners is the place of a cell, shifted by so many bits, and the item's number."""
_LEAST_SHARE = 1e-6
_OF_LIFT = 0.25
_NO_NUMBERS = np.zeros(0, np.uint32)
_NO_SHARES = np.zeros(0, np.float32)


@dataclass(frozen=True, slots=True)
class GroupModel:
    """Cells of people, c of them, and what each takes; cell 0 is everybody who is described."""

    facets: tuple[str, ...]
    """What cells are made of, the most telling first."""
    words: tuple[str, ...]
    """Facet after facet."""
    ends: NDArray[np.int64]
    """Where in `words` each facet's end."""
    keys: NDArray[np.int64]
    """(c,) ascending, see `cell_keys`."""
    members: NDArray[np.uint32]
    """(c,) people."""
    starts: NDArray[np.int64]
    """(c + 1,) where in the following columns each cell's begin and the next one's."""
    nos: NDArray[np.uint32]
    """Items, what a cell takes most and more than others first."""
    shares: NDArray[np.float32]
    """The chance that a member takes it."""
    usual: NDArray[np.float32]
    """The chance that anybody does."""
    counts: NDArray[np.uint32]
    """Members who did, at least `FEWEST`; 0: not to be told."""
    partner_keys: NDArray[np.int64]
    """(k,) ascending: a cell and an item that members dealt with."""
    partner_totals: NDArray[np.uint32]
    """(k,) members who dealt with it, at least `FEWEST`."""
    partner_starts: NDArray[np.int64]
    """(k + 1,)"""
    partner_nos: NDArray[np.uint32]
    """Items that those bought, the best first."""
    partner_scores: NDArray[np.float32]
    """The shrunk cosine of both items, times how much likelier it is within the cell."""
    partner_counts: NDArray[np.uint32]
    """Members who did, at least `FEWEST`."""
    trust: float
    """How much the nearest persons by taste count beside the cell, 0 to 1."""

    @classmethod
    def none(cls) -> GroupModel:
        """Return a model without a single cell."""
        return cls(
            facets=(),
            words=(),
            ends=np.zeros(0, np.int64),
            keys=np.zeros(0, np.int64),
            members=_NO_NUMBERS,
            starts=np.zeros(1, np.int64),
            nos=_NO_NUMBERS,
            shares=_NO_SHARES,
            usual=_NO_SHARES,
            counts=_NO_NUMBERS,
            partner_keys=np.zeros(0, np.int64),
            partner_totals=_NO_NUMBERS,
            partner_starts=np.zeros(1, np.int64),
            partner_nos=_NO_NUMBERS,
            partner_scores=_NO_SHARES,
            partner_counts=_NO_NUMBERS,
            trust=1.0,
        )

    def without_counts(self) -> GroupModel:
        """Return the model that tells of no numbers of people."""
        return replace(
            self,
            counts=np.zeros_like(self.counts),
            partner_counts=np.zeros_like(self.partner_counts),
        )

    @property
    def is_whole(self) -> bool:
        """Whether the arrays fit each other."""
        cells, lists, keys = len(self.keys), len(self.nos), len(self.partner_keys)
        partners = len(self.partner_nos)
        return (
            len(self.ends) == len(self.facets)
            and (int(self.ends[-1]) if len(self.ends) else 0) == len(self.words)
            and len(self.members) == cells
            and len(self.starts) == cells + 1
            and int(self.starts[-1]) == lists
            and {len(self.shares), len(self.usual), len(self.counts)} == {lists}
            and len(self.partner_totals) == keys
            and len(self.partner_starts) == keys + 1
            and int(self.partner_starts[-1]) == partners
            and {len(self.partner_scores), len(self.partner_counts)} == {partners}
            and bool(
                (np.diff(self.starts) >= 0).all() and (np.diff(self.partner_starts) >= 0).all()
            )
        )


def strength_of(shares: NDArray[np.float32], usual: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how strongly a cell takes items: by its share, and a little by its lift.

    On a grocer's households held back this is as good as the share alone, and less of what is
    popular with everybody anyway.
    """
    lifts = shares / np.maximum(usual, _LEAST_SHARE)
    return np.asarray(shares * lifts**_OF_LIFT, np.float32)


def digits_of(model: GroupModel) -> dict[tuple[str, str], int]:
    """Return, by facet and word, what it adds to the key of a cell."""
    digits: dict[tuple[str, str], int] = {}
    begin = 0
    for column, (facet, end) in enumerate(zip(model.facets, model.ends.tolist(), strict=True)):
        for place, word in enumerate(model.words[begin:end], 1):
            digits[facet, word] = place * BASE**column
        begin = end
    return digits

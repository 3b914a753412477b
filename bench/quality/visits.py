"""Diginetica: what visitors of a web shop look at next, a week held back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.quality.shop import ShopMissingError, data_folder
from services.retrieval.domain.learning.interactions import WEIGHTS, Interactions
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.terms import ItemTexts

_DAY_US = 86_400_000_000
_DAYS = 152
"""The set lasts five months; it gives its visits in their order, but not their times."""
_BEGIN_US = 16_801 * _DAY_US
_BETWEEN_CLICKS_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Visited:
    """Visits to learn from, and beginnings of later ones with what was looked at next."""

    sessions: NDArray[np.int64]
    """Of each click, ascending."""
    items: NDArray[np.int64]
    """From 1."""
    prefixes: Sequence[Sequence[int]]
    targets: NDArray[np.int64]

    @property
    def now_us(self) -> int:
        return _BEGIN_US + _DAYS * _DAY_US

    def lessons(self) -> Lessons:
        """Return them as training reads them: visits spread evenly over the five months."""
        count = int(self.sessions[-1]) + 1
        firsts = self.sessions.searchsorted(self.sessions)
        times_us = _BEGIN_US + self.sessions * (_DAYS * _DAY_US // count)
        times_us += (np.arange(len(firsts)) - firsts) * _BETWEEN_CLICKS_US
        item_nos = np.unique(self.items).astype(np.uint32)
        nothing = [""] * len(item_nos)
        return Lessons(
            Interactions(
                person_ids=tuple(map(str, range(count))),
                persons=self.sessions.astype(np.int32),
                offer_nos=self.items.astype(np.uint32),
                times_us=np.minimum(times_us, self.now_us - 1),
                weights=np.full(len(self.items), WEIGHTS["view"], np.float32),
                sessions=(self.sessions + 1).astype(np.int32),
            ),
            ItemTexts(item_nos, nothing, nothing, nothing),
        )


def load() -> Visited:
    """Read the set. Raises ShopMissingError."""
    folder = data_folder() / "diginetica_sessions"
    if not folder.is_dir():
        raise ShopMissingError(f"there is no folder {folder}")
    try:
        from pyarrow import parquet
    except ImportError:
        raise ShopMissingError("reading it needs pyarrow") from None
    clicks = parquet.read_table(folder / "train_sequences.parquet")
    asked = parquet.read_table(folder / "test_prefixes.parquet")
    return Visited(
        sessions=clicks["session"].to_numpy().astype(np.int64),
        items=clicks["item"].to_numpy().astype(np.int64),
        prefixes=asked["prefix"].to_pylist(),
        targets=asked["target"].to_numpy().astype(np.int64),
    )

"""A real shop's log, cut in two by time: what is learned from, and what came after it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.terms import ItemTexts

DATA_VARIABLE = "TOUCHPOINT_BENCH_DATA"
"""Names the folder of the data; else it is looked for beside the project."""


class ShopMissingError(Exception):
    """The data are not on this machine, so that nothing was measured; the sentence says where."""


@dataclass(frozen=True, slots=True)
class Log:
    """Lines of purchase as columns of equal length."""

    persons: NDArray[np.str_]
    items: NDArray[np.str_]
    baskets: NDArray[np.str_]
    times_us: NDArray[np.int64]
    titles: NDArray[np.str_]
    categories: NDArray[np.str_]
    """Paths such as `Electronics > PCs`; empty: none."""
    brands: NDArray[np.str_]
    """Empty: none."""

    def only(self, which: NDArray[np.bool_]) -> Log:
        return Log(
            self.persons[which],
            self.items[which],
            self.baskets[which],
            self.times_us[which],
            self.titles[which],
            self.categories[which],
            self.brands[which],
        )


@dataclass(frozen=True, slots=True)
class Shop:
    """The part to learn from, and what each person bought after it."""

    name: str
    lines: Interactions
    baskets: NDArray[np.int64]
    """Of each line of `lines`."""
    texts: ItemTexts
    now_us: int
    """When the one part ends and the other begins."""
    truth: Mapping[str, NDArray[np.int64]]
    """Person to the numbers bought afterwards, each once, ascending."""

    def bought(self) -> Mapping[str, NDArray[np.int64]]:
        """Return the numbers that each person bought before, each once, ascending."""
        pairs = np.unique(np.stack((self.lines.persons, self.lines.offer_nos), 1), axis=0)
        starts = pairs[:, 0].searchsorted(np.arange(len(self.lines.person_ids) + 1))
        return {
            person_id: pairs[starts[at] : starts[at + 1], 1].astype(np.int64)
            for at, person_id in enumerate(self.lines.person_ids)
        }


def cut(name: str, log: Log, is_later: NDArray[np.bool_], now_us: int, *, known: bool) -> Shop:
    """Cut a log in two; items that were never bought before are no truth.

    `known` leaves out persons who were not there before.
    """
    before, after = log.only(~is_later), log.only(is_later)
    item_ids, first, item_nos = np.unique(before.items, return_index=True, return_inverse=True)
    person_ids, persons = np.unique(before.persons, return_inverse=True)
    places = np.minimum(item_ids.searchsorted(after.items), len(item_ids) - 1)
    counts = item_ids[places] == after.items
    if known:
        counts &= np.isin(after.persons, person_ids)
    size = len(item_ids)
    return Shop(
        name=name,
        lines=Interactions(
            person_ids=tuple(person_ids.tolist()),
            persons=persons.astype(np.int32),
            offer_nos=(item_nos + 1).astype(np.uint32),
            times_us=before.times_us,
            weights=np.ones(len(before.items), np.float32),
        ),
        baskets=np.unique(before.baskets, return_inverse=True)[1].astype(np.int64),
        texts=ItemTexts(
            offer_nos=np.arange(1, size + 1, dtype=np.uint32),
            titles=before.titles[first].tolist(),
            categories=before.categories[first].tolist(),
            brands=before.brands[first].tolist(),
        ),
        now_us=now_us,
        truth=_by_person(after.persons[counts], places[counts] + 1),
    )


def data_folder() -> Path:
    """Return the folder of the shops that no package brings along. Raises ShopMissingError."""
    named = os.environ.get(DATA_VARIABLE)
    folder = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        raise ShopMissingError(f"there is no folder {folder}: name it in {DATA_VARIABLE}")
    return folder


def _by_person(
    persons: NDArray[np.str_], numbers: NDArray[np.integer]
) -> Mapping[str, NDArray[np.int64]]:
    ids, lines = np.unique(persons, return_inverse=True)
    pairs = np.unique(np.stack((lines, numbers), 1), axis=0)
    starts = pairs[:, 0].searchsorted(np.arange(len(ids) + 1))
    return {
        person: pairs[starts[at] : starts[at + 1], 1].astype(np.int64)
        for at, person in enumerate(ids.tolist())
    }

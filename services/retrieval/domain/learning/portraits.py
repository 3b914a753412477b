"""What the networks of a blend are told about a person and an item, as columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.blend_model import KINDS, BlendModel
from services.retrieval.domain.learning.model import ItemModel
from services.retrieval.domain.learning.signals import Evidence, Taste

_OF_SIGNALS = 5
"""The first signals are told as they are."""
NEW = _OF_SIGNALS + 2 + 7 + 2 + 6 * len(KINDS)
OWN = 3 + 4 + 1 + 7 + 4 + 4 + 8 + 2 + 4 * len(KINDS)
_LEAST = np.float32(1e-3)
_SCALE = np.float32(4.0)
_SEASON = 6
"""The place of what was bought in the season, in `DEMAND`."""

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shelf:
    """How much a person bought of each number of a kind."""

    numbers: NDArray[np.int64]
    """Ascending."""
    bought: Columns
    """(numbers, 6) purchases decayed three ways, new ones, days since the last, and items."""
    total: float

    @classmethod
    def of(cls, numbers: NDArray[np.int64], habits: Columns) -> Shelf:
        """Add up what was bought of each."""
        found, places = np.unique(numbers, return_inverse=True)
        size = len(found)
        since = np.full(size, np.float32(1e4))
        np.minimum.at(since, places, habits[:, 1])
        is_new = np.exp2(-habits[:, 2] / np.float32(84.0))
        sums = [np.bincount(places, each, size) for each in (*habits[:, 4:].T, is_new)]
        bought = np.stack((*sums, since, np.bincount(places, minlength=size)), 1)
        return cls(found, bought.astype(np.float32), float(habits[:, -1].sum()))

    def at(self, numbers: NDArray[np.int64]) -> Columns:
        """Return `bought` for each number, zeros where there is nothing."""
        if not len(self.numbers):
            return np.zeros((len(numbers), 6), np.float32)
        places = np.minimum(self.numbers.searchsorted(numbers), len(self.numbers) - 1)
        found: Columns = self.bought[places] * (self.numbers[places] == numbers)[:, None]
        return found


class Portraits:
    """Computes the columns for persons against the items of one model."""

    def __init__(self, items: ItemModel, blend: BlendModel) -> None:
        self._kinds = blend.kinds
        self._demand = blend.demand.copy()
        season = blend.demand[:, _SEASON]
        self._demand[:, _SEASON] = np.log(season + 0.1)
        self._repeats = np.log(np.maximum(items.repeats, 1.0)).astype(np.float32)
        totals = [np.bincount(kind, season) for kind in blend.kinds.T]
        self._counts = [len(each) for each in totals]
        shares = [np.log((each + 1.0) / max(float(each.sum()), 1.0)) for each in totals]
        self._shares = [each.astype(np.float32) for each in shares]
        in_kind = [
            np.log((season + 0.1) / (each[kind] + 1.0))
            for each, kind in zip(totals, blend.kinds.T, strict=True)
        ]
        self._in_kind = np.stack(in_kind, 1).astype(np.float32)

    def shelves(self, taste: Taste) -> list[Shelf]:
        """Return what the person bought by category, top category and brand."""
        bought = taste.habits[:, -1] > 0.0
        kinds, habits = self._kinds[taste.rows[bought]], taste.habits[bought]
        return [Shelf.of(numbers, habits) for numbers in kinds.T]

    def new(
        self,
        taste: Taste,
        rows: NDArray[np.int64],
        signals: Columns,
        evidence: Evidence,
        shelves: list[Shelf],
    ) -> Columns:
        """Return (rows, NEW) for what was never bought."""
        told = evidence.table(rows)
        whole = np.log1p(np.array((taste.trips[3], (taste.habits[:, -1] > 0.0).sum())))
        parts: list[Columns] = [
            signals[:, :_OF_SIGNALS],
            np.log(told[:, 1:] + _LEAST),
            self._demand[rows],
            np.broadcast_to(whole.astype(np.float32), (len(rows), 2)),
        ]
        for at, shelf in enumerate(shelves):
            numbers = self._kinds[rows, at]
            bought = shelf.at(numbers)
            share = np.log((bought[:, 2] + _LEAST) / (shelf.total + _LEAST * self._counts[at]))
            parts.append(np.log1p(bought[:, :4]))
            parts.append((share - self._shares[at][numbers])[:, None])
            parts.append(self._in_kind[rows, at, None])
        return np.concatenate(parts, 1, dtype=np.float32)

    def own(
        self,
        taste: Taste,
        places: NDArray[np.int64],
        signals: Columns,
        evidence: Evidence,
        shelves: list[Shelf],
    ) -> Columns:
        """Return (places, OWN) for what is at some places of a taste and was bought."""
        rows, habits = taste.rows[places].astype(np.int64, copy=False), taste.habits[places]
        decayed = habits[:, 4:]
        parts: list[Columns] = [
            np.log1p(_SCALE * decayed),
            signals[:, :4],
            self._repeats[rows, None],
            self._demand[rows],
            np.stack(tuple(_dates(habits)), 1),
            np.stack(tuple(_days(taste, decayed)), 1),
            np.log(evidence.table(rows)[:, 1:] + _LEAST),
        ]
        for at, shelf in enumerate(shelves):
            bought = shelf.at(self._kinds[rows, at])
            share = np.log(decayed[:, 2] / np.maximum(bought[:, 2], _LEAST) + _LEAST)
            others = (np.log1p(_SCALE * bought[:, 1]), *np.log1p(bought[:, 4:]).T)
            parts.append(np.stack((share, *others), 1))
        return np.concatenate(parts, 1, dtype=np.float32)


def _dates(habits: Columns) -> Iterator[Columns]:
    """Yield how often and when, and how long ago that is beside the usual gap."""
    times, since, oldest, last_gap = habits[:, :4].T
    often = times > 1.0
    gap = np.where(often, (oldest - since) / np.maximum(times - 1.0, 1.0), 0.0)
    yield from np.log1p((times, since, oldest, last_gap))
    yield np.log1p(gap)
    yield np.where(often, np.log((since + 1.0) / (gap + 1.0)), 0.0)
    yield np.where(often, np.log((since + 1.0) / (last_gap + 1.0)), 0.0)
    yield often.astype(np.float32)


def _days(taste: Taste, decayed: Columns) -> Iterator[Columns]:
    """Yield how often the person shops at all, and on what share of those days for this."""
    ones = np.ones(len(decayed), np.float32)
    days = np.maximum(taste.trips[:3], _LEAST)
    items = float((taste.habits[:, -1] > 0.0).sum())
    yield from (ones * np.log(each + _LEAST) for each in days)
    yield ones * np.log1p(taste.trips[4])
    yield ones * np.log1p(items)
    yield ones * np.log(taste.trips[5] + _LEAST)
    yield from np.log(decayed[:, 1:].T / days[1:, None] + _LEAST)

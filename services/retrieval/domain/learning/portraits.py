"""What the networks of a blend are told about a person and an item, as columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.distinct import grouped
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

_NEVER = np.float32(1e4)
_SUMS = (0, 1, 2, 3, 5)
_SUMMED = np.arange(len(_SUMS))
"""Columns of `Shelf.bought` that are sums."""

Columns = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Purchases:
    """What a person bought, item by item."""

    amounts: NDArray[np.float64]
    """(5, items) purchases decayed three ways, new ones, and 1."""
    since: Columns
    """Days since the last."""
    total: float

    @classmethod
    def of(cls, habits: Columns) -> _Purchases:
        amounts = np.ones((len(_SUMS), len(habits)))
        amounts[:3] = habits[:, 4:].T
        amounts[3] = np.exp2(-habits[:, 2] / np.float32(84.0))
        return cls(amounts, habits[:, 1], float(habits[:, -1].sum()))


@dataclass(frozen=True, slots=True)
class Shelf:
    """How much a person bought of each number of a kind."""

    numbers: NDArray[np.int64]
    """Ascending."""
    bought: Columns
    """(numbers, 6) purchases decayed three ways, new ones, days since the last, and items."""
    told: Columns
    """(numbers + 1, 5) logarithms of the first four of these and of the share of the third in all
    that was bought; the last line is that of a number of which nothing was."""

    @classmethod
    def of(cls, numbers: NDArray[np.int64], purchases: _Purchases, kinds: int) -> Shelf:
        """Add up what was bought of each, of so many numbers that there are."""
        found, _, places = grouped(numbers)
        size = len(found)
        since = np.full(size, _NEVER)
        np.minimum.at(since, places, purchases.since)
        at = places + size * _SUMMED[:, None]
        sums = np.bincount(at.ravel(), purchases.amounts.ravel(), len(_SUMMED) * size)
        bought = np.zeros((size + 1, 6), np.float32)
        bought[:size, _SUMS] = sums.reshape(len(_SUMMED), size).T
        bought[:size, 4] = since
        told = np.empty((size + 1, 5), np.float32)
        told[:, :4] = np.log1p(bought[:, :4])
        told[:, 4] = np.log((bought[:, 2] + _LEAST) / (purchases.total + _LEAST * kinds))
        return cls(found.astype(np.int64, copy=False), bought[:size], told)

    def told_of(self, numbers: NDArray[np.int64]) -> Columns:
        """Return `told` for each number."""
        if not len(self.numbers):
            return self.told.repeat(len(numbers), axis=0)
        places = np.minimum(self.numbers.searchsorted(numbers), len(self.numbers) - 1)
        places[self.numbers[places] != numbers] = len(self.numbers)
        return self.told.take(places, axis=0)

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
        of_kinds = zip(shares, blend.kinds.T, strict=True)
        self._shares = np.stack([each[kind] for each, kind in of_kinds], 1).astype(np.float32)
        in_kind = [
            np.log((season + 0.1) / (each[kind] + 1.0))
            for each, kind in zip(totals, blend.kinds.T, strict=True)
        ]
        self._in_kind = np.stack(in_kind, 1).astype(np.float32)

    def shelves(self, taste: Taste) -> list[Shelf]:
        """Return what the person bought by category, top category and brand."""
        bought = taste.habits[:, -1] > 0.0
        kinds, habits = self._kinds[taste.rows[bought]], taste.habits[bought]
        purchases = _Purchases.of(habits)
        return [
            Shelf.of(numbers, purchases, count)
            for numbers, count in zip(kinds.T, self._counts, strict=True)
        ]

    def new(
        self,
        taste: Taste,
        rows: NDArray[np.int64],
        signals: Columns,
        evidence: Evidence,
        shelves: list[Shelf],
    ) -> Columns:
        """Return (rows, NEW) for what was never bought."""
        whole = np.log1p(np.array((taste.trips[3], (taste.habits[:, -1] > 0.0).sum())))
        kinds, shares, in_kind = self._kinds[rows], self._shares[rows], self._in_kind[rows]
        columns = np.empty((len(rows), NEW), np.float32)
        columns[:, :_OF_SIGNALS] = signals[:, :_OF_SIGNALS]
        columns[:, _OF_SIGNALS : _OF_SIGNALS + 2] = np.log(evidence.others_of(rows) + _LEAST)
        columns[:, _OF_SIGNALS + 2 : _OF_SIGNALS + 9] = self._demand[rows]
        columns[:, _OF_SIGNALS + 9 : _OF_SIGNALS + 11] = whole
        begin = _OF_SIGNALS + 11
        for at, shelf in enumerate(shelves):
            columns[:, begin : begin + 5] = shelf.told_of(kinds[:, at])
            columns[:, begin + 4] -= shares[:, at]
            columns[:, begin + 5] = in_kind[:, at]
            begin += 6
        return columns

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
            np.log(evidence.others_of(rows) + _LEAST),
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

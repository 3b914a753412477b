"""What many people buy and look at: decayed counts by offer number, kept up event by event."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

HALF_LIFE_US = 14 * 86_400_000_000
WEIGHTS = {"purchase": 1.0, "view": 0.05}
"""What an event adds to an offer's heat; other types add nothing."""
WINDOW_DAYS = 30
"""Days over which purchases are counted as evidence."""
HISTORY_DAYS = 90
"""How far back counting begins; what is older has decayed to about 1%."""
_DAY_US = 86_400_000_000
_MOST_HALF_LIVES = 64.0
_FIRST_CAPACITY = 1024
_MOST_NOTED = 500

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class SoldByDay:
    """Purchases of the last 30 days; what is bought meanwhile may be among them or not."""

    rows: NDArray[np.uint32]
    """(30, numbers)"""
    days: NDArray[np.int64]
    """The day since 1970 of each row; -1: none."""
    first_day: float
    """The day of the first purchase that was ever counted; infinite: there was none."""

    def sold_on(self, days: Collection[int]) -> NDArray[np.uint32]:
        """Return purchases on some days since 1970, of all numbers."""
        summed = np.zeros(self.rows.shape[1], np.uint32)
        for row in np.isin(self.days, list(days)).nonzero()[0].tolist():
            summed += self.rows[row]
        return summed


class Popularity:
    """Heat (exponentially decayed sum of weights) and purchases of the last 30 days.

    Heat is stored as of `_epoch_us`, so that adding costs one multiplication and nothing has to be
    decayed again; only ratios of heat mean anything.
    """

    def __init__(self, now_us: int) -> None:
        self._epoch_us = now_us
        self._heat = np.zeros(_FIRST_CAPACITY)
        self._sold = np.zeros((WINDOW_DAYS, _FIRST_CAPACITY), np.uint32)
        self._days = np.full(WINDOW_DAYS, -1, np.int64)
        """The day since 1970 that each row of `_sold` counts; -1: none."""
        self._sold_lately = np.zeros(_FIRST_CAPACITY, np.uint32)
        """The sum of `_sold`."""
        self.first_day: float = math.inf
        """The day since 1970 of the first purchase that was counted."""
        self._noted: list[tuple[int, int, float, bool]] = []

    def add(
        self,
        offer_nos: NDArray[np.uint32],
        times_us: NDArray[np.int64],
        weights: NDArray[np.float64],
        bought: NDArray[np.bool_],
    ) -> None:
        """Count events given as columns; those of number 0 are left out."""
        known = offer_nos > 0
        if not known.any():
            return
        nos = offer_nos[known].astype(np.int64)
        times, bought = times_us[known], bought[known]
        self._reserve(int(nos.max()) + 1)
        self._move_epoch(int(times.max()))
        decay = np.exp2((times - self._epoch_us) / HALF_LIFE_US)
        np.add.at(self._heat, nos, weights[known] * decay)
        self._count(nos[bought], times[bought] // _DAY_US)

    def note(self, offer_no: int, event_type: str, time_us: int) -> None:
        """Count one event, with others when the counts are next read."""
        weight = WEIGHTS.get(event_type, 0.0)
        if weight and offer_no:
            self._noted.append((offer_no, time_us, weight, event_type == "purchase"))
            if len(self._noted) >= _MOST_NOTED:
                self._add_noted()

    def heat(self, size: int) -> NDArray[np.float64]:
        """Return a copy of the heat of the first `size` numbers."""
        self._add_noted()
        return _resized(self._heat, size)

    def sold(self, size: int, now_us: int) -> NDArray[np.uint32]:
        """Return purchases of the last 30 days of the first `size` numbers."""
        self._add_noted()
        is_over = (self._days >= 0) & (self._days <= now_us // _DAY_US - WINDOW_DAYS)
        for row in is_over.nonzero()[0].tolist():
            self._empty(row)
        return _resized(self._sold_lately, size)

    def by_day(self) -> SoldByDay:
        """Return purchases by day, for a thread to read while counting goes on."""
        self._add_noted()
        return SoldByDay(self._sold, self._days.copy(), self.first_day)

    def _add_noted(self) -> None:
        if self._noted:
            nos, times_us, weights, bought = zip(*self._noted, strict=True)
            self._noted.clear()
            self.add(
                np.array(nos, np.uint32),
                np.array(times_us, np.int64),
                np.array(weights),
                np.array(bought),
            )

    def _count(self, nos: NDArray[np.int64], days: NDArray[np.int64]) -> None:
        for day in np.unique(days).tolist():
            self.first_day = min(self.first_day, day)
            row = day % WINDOW_DAYS
            if self._days[row] < day:
                self._empty(row)
                self._days[row] = day
            if self._days[row] == day:
                np.add.at(self._sold[row], nos[days == day], 1)
                np.add.at(self._sold_lately, nos[days == day], 1)

    def _empty(self, row: int) -> None:
        """Count a day no more; happens once a day."""
        if self._days[row] >= 0:
            self._sold_lately -= self._sold[row]
            self._sold[row] = 0
            self._days[row] = -1

    def _move_epoch(self, time_us: int) -> None:
        """Keep the exponents small: far ahead of the epoch they would overflow in the end."""
        ahead = (time_us - self._epoch_us) / HALF_LIFE_US
        if ahead > _MOST_HALF_LIVES:
            self._heat *= np.exp2(-ahead)
            self._epoch_us = time_us

    def _reserve(self, size: int) -> None:
        capacity = len(self._heat)
        if size > capacity:
            capacity = max(size, 2 * capacity)
            self._heat = _resized(self._heat, capacity)
            self._sold_lately = _resized(self._sold_lately, capacity)
            grown = np.zeros((WINDOW_DAYS, capacity), np.uint32)
            grown[:, : self._sold.shape[1]] = self._sold
            self._sold = grown


def _resized(column: NDArray[Scalar], size: int) -> NDArray[Scalar]:
    sized = np.zeros(size, column.dtype)
    kept = min(size, len(column))
    sized[:kept] = column[:kept]
    return sized


class SeenEvents:
    """Tells events of the bus that are counted already, by the event numbers of persons.

    Bounded: numbers of the persons heard of least lately are forgotten, two generations at a time.
    """

    def __init__(self, most_persons: int = 50_000) -> None:
        self._most = most_persons
        self._young: dict[str, int] = {}
        self._old: dict[str, int] = {}

    def is_new(self, person_id: str, seq: int) -> bool:
        """Say whether the number is above all told for that person, and remember it."""
        newest = self._young.get(person_id)
        if newest is None:
            newest = self._old.get(person_id, 0)
        if seq <= newest:
            return False
        self._young[person_id] = seq
        if len(self._young) > self._most:
            self._old, self._young = self._young, {}
        return True

    def forget(self, person_ids: Iterable[str]) -> None:
        """Drop what is known of persons."""
        for person_id in person_ids:
            self._young.pop(person_id, None)
            self._old.pop(person_id, None)

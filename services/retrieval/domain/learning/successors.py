"""Learns what is bought next: in a later order, more than it is bought anyway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.history import DAY_US
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.runs import spread
from services.retrieval.domain.learning.successor_model import SuccessorModel

_SHARE_BACK = 0.9
"""The window is so long that this share of those who came back had done so by its end."""
_USUAL_DAYS = 30.0
_LONGEST_DAYS = 180.0
_FEWEST_RETURNS = 30
_FEWEST = 3
"""Persons who must have bought the second after the first."""
_LEAST_LIFT = 1.3
_SURE = 3.0
"""Standard deviations by which it must be more than by chance: a shop has millions of pairs."""
_SHRINKAGE = 10.0
"""Buyers who did nothing next that are added to those of an item: of rare ones little is known."""
_MOST = 30
_MOST_OF_ONE = 300
"""First purchases of one person that count, the newest: who makes more is a shop."""
_MOST_STEPS = 1 << 22
_PERSON = 1 << 20
"""Days by which persons are kept apart, more than any window or log lasts."""


@dataclass(frozen=True, slots=True)
class _Firsts:
    """When persons first bought what, as columns of equal length, by person and day."""

    offer_nos: NDArray[np.uint32]
    """Row to number, ascending."""
    rows: NDArray[np.int64]
    keys: NDArray[np.int64]
    """Person and day, ascending."""

    @classmethod
    def of(cls, interactions: Interactions) -> _Firsts:
        bought = interactions.only(interactions.are_purchases)
        days = bought.times_us // DAY_US
        days -= days.min(initial=0)
        offer_nos, rows = np.unique(bought.offer_nos, return_inverse=True)
        keys = bought.persons.astype(np.int64) * _PERSON + days
        order = np.lexsort((rows, keys))
        rows, keys = rows[order], keys[order]
        pairs = keys // _PERSON * max(len(offer_nos), 1) + rows
        first = np.sort(np.unique(pairs, return_index=True)[1])
        rows, keys = rows[first], keys[first]
        ends = (keys // _PERSON).searchsorted(keys // _PERSON, "right")
        newest = ends - np.arange(len(keys)) <= _MOST_OF_ONE
        return cls(offer_nos, rows[newest].astype(np.int64), keys[newest])


def learned_successors(interactions: Interactions) -> SuccessorModel:
    """Count first purchases that follow others within a window of days, each against chance."""
    firsts = _Firsts.of(interactions)
    size = len(firsts.offer_nos)
    if not size:
        return SuccessorModel.none()
    window = _window_days(interactions)
    buyers = np.bincount(firsts.rows, minlength=size)
    returned = _returned(firsts, window)
    anyway = _followed(firsts, window) / max(int(returned.sum()), 1)
    parts = _strongest(firsts, window, _Chances(buyers, returned, anyway))
    rows, nexts, chances, counts = (np.concatenate(column) for column in zip(*parts))
    return SuccessorModel(
        offer_nos=firsts.offer_nos,
        buyers=buyers.astype(np.uint32),
        starts=rows.searchsorted(np.arange(size + 1)).astype(np.int64),
        next_nos=firsts.offer_nos[nexts],
        chances=chances.astype(np.float32),
        counts=counts.astype(np.uint32),
        window_days=float(window),
    )


def _window_days(interactions: Interactions) -> int:
    """Return after how many days most of those who came back to buy had done so."""
    bought = interactions.only(interactions.are_purchases)
    days = bought.times_us // DAY_US
    days -= days.min(initial=0)
    visits = np.unique(bought.persons.astype(np.int64) * _PERSON + days)
    gaps = np.diff(visits)[np.diff(visits // _PERSON) == 0]
    if len(gaps) < _FEWEST_RETURNS:
        return int(_USUAL_DAYS)
    return int(np.clip(np.ceil(np.quantile(gaps, _SHARE_BACK)), 1, _LONGEST_DAYS))


def _returned(firsts: _Firsts, window: int) -> NDArray[np.int64]:
    """Count, by row, the buyers who bought anything new within the window."""
    ends = firsts.keys.searchsorted(firsts.keys + window, "right")
    back = ends > firsts.keys.searchsorted(firsts.keys, "right")
    return np.bincount(firsts.rows[back], minlength=len(firsts.offer_nos)).astype(np.int64)


def _followed(firsts: _Firsts, window: int) -> NDArray[np.float64]:
    """Count, by row, the purchases of anything that it followed."""
    before = firsts.keys.searchsorted(firsts.keys)
    before -= firsts.keys.searchsorted(firsts.keys - window)
    return np.bincount(firsts.rows, before, len(firsts.offer_nos)).astype(np.float64)


_Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class _Chances:
    """By row."""

    buyers: NDArray[np.int64]
    returned: NDArray[np.int64]
    """Of them, those who came back in time: only they could buy anything next."""
    anyway: NDArray[np.float64]
    """How likely it is bought next after anything."""


def _strongest(firsts: _Firsts, window: int, known: _Chances) -> Iterator[_Columns]:
    """Yield rows, what follows them, chances and counts, of a part of the rows at a time."""
    size = len(known.buyers)
    for pairs, counts in _counted(firsts, window):
        rows, nexts = pairs // size, pairs % size
        expected = known.returned[rows] * known.anyway[nexts]
        more = counts - expected
        telling = (counts >= _FEWEST) & (counts >= _LEAST_LIFT * expected)
        telling &= more >= _SURE * np.sqrt(expected + 1.0)
        rows, nexts, counts = rows[telling], nexts[telling], counts[telling]
        surely = np.maximum(more[telling] - np.sqrt(counts), 0.0)
        chances = surely / (known.buyers[rows] + _SHRINKAGE)
        order = np.lexsort((-chances, rows))
        place = np.arange(len(order)) - rows.searchsorted(rows[order])
        kept = order[place < _MOST]
        yield rows[kept], nexts[kept], chances[kept], counts[kept]


def _counted(firsts: _Firsts, window: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of rows, ascending, with the persons who bought the second after the first."""
    order = np.argsort(firsts.rows, kind="stable")
    begins = firsts.keys.searchsorted(firsts.keys[order], "right")
    steps = firsts.keys.searchsorted(firsts.keys[order] + window, "right") - begins
    size = len(firsts.offer_nos)
    bounds = firsts.rows[order].searchsorted(np.arange(size + 1))
    ends = np.concatenate(([0], steps.cumsum()))[bounds]
    first = 0
    while first < size:
        last = max(int(ends.searchsorted(ends[first] + _MOST_STEPS, "right")) - 1, first + 1)
        part = slice(bounds[first], bounds[last])
        nexts = firsts.rows[spread(begins[part], steps[part])]
        pairs = firsts.rows[order[part]].repeat(steps[part]) * size + nexts
        yield np.unique(pairs, return_counts=True)
        first = last

"""Where looking on leads in one or two steps: of each item the likeliest, learned from visits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.runs import spread
from services.retrieval.domain.learning.visits import MOST_OF_ONE, Visits

_FARTHEST = 8
"""Clicks apart that still belong together."""
_GAP_DECAY = 0.72
_BACKWARD = 0.6
"""What was looked at before beside 1 for what was looked at after."""
_ONCE = 0.2
"""Of all walks, those that end after one step."""
_BRANCHES = 30
"""Of each item that a walk goes on to."""
_MOST = 50
_MOST_STEPS = 1 << 22


@dataclass(frozen=True, slots=True)
class Walks:
    """Of each row the likeliest ends of a walk, best first, one row after the other."""

    starts: NDArray[np.int64]
    """(n + 1,)"""
    rows: NDArray[np.int64]
    shares: NDArray[np.float32]
    """Of all walks from there; 0 to 1."""

    @property
    def origins(self) -> NDArray[np.int64]:
        """The row that each begins at."""
        return np.arange(len(self.starts) - 1).repeat(np.diff(self.starts))


def walks_of(visits: Visits) -> Walks:
    """Walk a step or two: the second finds what too few looked at for the first to find it."""
    size = len(visits.offer_nos)
    step = _steps(visits)
    counts = np.diff(step.starts)
    ends = np.concatenate(([0], counts[step.rows].cumsum()))[step.starts]
    parts = [_one_or_two(step, counts, first, last) for first, last in _ranges(ends)]
    return _joined(parts, size)


def _ranges(ends: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Cut rows into ranges of not too many steps; those before each row, and all, are `ends`."""
    first, size = 0, len(ends) - 1
    while first < size:
        last = max(int(ends.searchsorted(ends[first] + _MOST_STEPS, "right")) - 1, first + 1)
        yield first, min(last, size)
        first = last


@dataclass(frozen=True, slots=True)
class _Cells:
    """Cells of a matrix of rows by rows, as one key each, ascending."""

    keys: NDArray[np.int64]
    weights: NDArray[np.float64]


def _summed(keys: NDArray[np.int64], weights: NDArray[np.float64]) -> _Cells:
    found, places = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(found))
    sums += np.bincount(places, weights, len(found))
    return _Cells(found, sums)


def _steps(visits: Visits) -> Walks:
    """Return where a step leads, range by range: all pairs of long visits take gigabytes."""
    size = len(visits.offer_nos)
    counts = np.zeros(size + 1, np.int64)
    for _, before, after in _pairs(visits):
        counts[1:] += np.bincount(before, minlength=size) + np.bincount(after, minlength=size)
    ranges = _ranges(counts.cumsum())
    return _joined([_steps_from(visits, first, last) for first, last in ranges], size)


def _steps_from(visits: Visits, first: int, last: int) -> Walks:
    size = len(visits.offer_nos)
    cells = _transitions(visits, first, last)
    return _best(_as_shares(cells, size), last - first, size, _BRANCHES)


def _pairs(visits: Visits) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield, by how many clicks they are apart, the rows of what was looked at in one visit."""
    visit_of = visits.visit_of
    for gap in range(1, _FARTHEST + 1):
        together = visit_of[gap:] == visit_of[:-gap]
        yield gap, visits.rows[:-gap][together], visits.rows[gap:][together]


def _transitions(visits: Visits, first: int, last: int) -> _Cells:
    """Add up, from a range of rows, who was looked at after whom and before whom.

    It counts less for each click between. Keys count lines from `first`.
    """
    size = len(visits.offer_nos)
    keys, weights = [], []
    for gap, before, after in _pairs(visits):
        weight = _GAP_DECAY ** (gap - 1)
        for origin, end, each in ((before, after, weight), (after, before, weight * _BACKWARD)):
            kept = (origin >= first) & (origin < last) & (origin != end)
            keys.append((origin[kept] - first) * size + end[kept])
            weights.append(np.full(len(keys[-1]), each))
    return _summed(np.concatenate(keys), np.concatenate(weights))


def _as_shares(cells: _Cells, size: int) -> _Cells:
    origins = cells.keys // max(size, 1)
    totals = np.bincount(origins, cells.weights, minlength=size)
    return _Cells(cells.keys, cells.weights / totals[origins])


def _best(cells: _Cells, lines: int, size: int, most: int) -> Walks:
    """Return the heaviest of each line; keys are line times `size` plus row."""
    origins = cells.keys // max(size, 1)
    order = np.lexsort((-cells.weights, origins))
    begins = origins.searchsorted(np.arange(lines + 1))
    kept = order[np.arange(len(order)) - begins[origins] < most]
    starts = origins[kept].searchsorted(np.arange(lines + 1)).astype(np.int64)
    rows = cells.keys[kept] % max(size, 1)
    return Walks(starts, rows, cells.weights[kept].astype(np.float32))


def _one_or_two(step: Walks, counts: NDArray[np.int64], first: int, last: int) -> Walks:
    """Return where a step from some rows leads and, more often, where the one after it leads."""
    begin, end, size = step.starts[first], step.starts[last], len(counts)
    once, shares = step.rows[begin:end], step.shares[begin:end].astype(np.float64)
    lines = np.arange(last - first).repeat(counts[first:last])
    each = counts[once]
    at = spread(step.starts[once], each)
    ends = np.concatenate((once, step.rows[at]))
    origins = np.concatenate((lines, lines.repeat(each)))
    twice = shares.repeat(each) * step.shares[at]
    weights = np.concatenate((_ONCE * shares, (1.0 - _ONCE) * twice))
    away = ends != origins + first
    return _best(
        _summed(origins[away] * size + ends[away], weights[away]), last - first, size, _MOST
    )


def _joined(parts: list[Walks], size: int) -> Walks:
    if not parts:
        return Walks(np.zeros(size + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
    counts = np.concatenate([np.diff(part.starts) for part in parts])
    return Walks(
        np.concatenate(([0], counts.cumsum())).astype(np.int64),
        np.concatenate([part.rows for part in parts]),
        np.concatenate([part.shares for part in parts]),
    )


def counted(walks: Walks, visits: Visits) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Count, for each walk, the visits that looked at both ends, and those that bought the second.

    `visits` hold each thing once.
    """
    size = len(visits.offer_nos)
    keys = walks.origins * size + walks.rows
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    viewed, bought = np.zeros(len(keys), np.uint32), np.zeros(len(keys), np.uint32)
    visit_of, rows = visits.visit_of, visits.rows
    for gap in range(1, MOST_OF_ONE):
        here = (visit_of[gap:] == visit_of[:-gap]).nonzero()[0]
        for one, other in ((here, here + gap), (here + gap, here)):
            pairs = rows[one] * size + rows[other]
            places = np.minimum(keys.searchsorted(pairs), max(len(keys) - 1, 0))
            known = keys[places] == pairs if len(keys) else np.zeros(len(pairs), np.bool_)
            known &= visits.looked[one]
            np.add.at(viewed, places[known & visits.looked[other]], 1)
            np.add.at(bought, places[known & visits.bought[other]], 1)
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return viewed[back], bought[back]

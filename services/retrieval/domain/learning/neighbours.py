"""Which items are bought by the same persons: shrunk cosines, the closest of each item."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.pairs import Pairs

MOST_NEIGHBOURS = 50
_SHRINKAGE = 10.0
"""Added to the denominator of a cosine, so that two who bought two rare things prove little."""
_FEWEST_TOGETHER = 2
"""Persons who must have bought both; one may have done so by chance."""
_MOST_CANDIDATES = 8_192
"""Rows that may be neighbours, the most bought: all rows have some, for what is theirs to say."""
_MOST_OF_ONE = 700
"""Rows of one person that count: who buys more of all kinds is a shop."""
_MOST_CELLS = 1 << 22
_MOST_STEPS = 1 << 22


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The closest of each row, best first; shape (rows, k)."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    """0 to 1."""
    counts: NDArray[np.uint32]
    """Persons who bought both; 0 is padding."""


def closest(pairs: Pairs, most: int = MOST_NEIGHBOURS) -> Neighbours:
    """Return the neighbours of each row among the most bought; weights play no part."""
    pairs = _without_shops(pairs)
    buyers = pairs.buyers
    candidates = np.sort(np.argsort(-buyers, kind="stable")[:_MOST_CANDIDATES])
    among = _restricted(pairs, candidates)
    lines = np.flatnonzero(buyers >= _FEWEST_TOGETHER)
    turned, starts = _restricted(pairs, lines).turned(), among.starts
    width = min(most, len(candidates))
    found = Neighbours(
        np.zeros((pairs.row_count, width), np.int64),
        np.zeros((pairs.row_count, width), np.float32),
        np.zeros((pairs.row_count, width), np.uint32),
    )
    norms = np.sqrt(buyers.astype(np.float32))
    for first, last in _chunks(turned, np.diff(starts), len(candidates)):
        together = _together(turned, among, starts, first, last)
        cosines = np.multiply.outer(norms[lines[first:last]], norms[candidates])
        cosines += _SHRINKAGE
        np.divide(together, cosines, out=cosines, where=together >= _FEWEST_TOGETHER)
        cosines[together < _FEWEST_TOGETHER] = 0.0
        _leave_out_self(cosines, candidates, lines[first:last])
        best = _best(cosines, width)
        scores = np.take_along_axis(cosines, best, 1)
        found.rows[lines[first:last]] = candidates[best]
        found.scores[lines[first:last]] = scores
        found.counts[lines[first:last]] = np.take_along_axis(together, best, 1) * (scores > 0)
    return found


def _chunks(turned: Pairs, counts: NDArray[np.int64], width: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of rows whose products fit into memory."""
    steps_of_pair = counts[turned.rows]
    ends = np.concatenate(([0], steps_of_pair.cumsum()))[turned.starts]
    first = 0
    while first < turned.person_count:
        by_steps = int(ends.searchsorted(ends[first] + _MOST_STEPS, "right")) - 1
        last = min(by_steps, first + max(1, _MOST_CELLS // max(width, 1)), turned.person_count)
        last = max(last, first + 1)
        yield first, last
        first = last


def _together(
    turned: Pairs, among: Pairs, starts: NDArray[np.int64], first: int, last: int
) -> NDArray[np.int64]:
    """Count, for rows `first` to `last`, the persons they share with each candidate."""
    begin, end = turned.persons.searchsorted((first, last))
    lines = turned.persons[begin:end] - first
    persons = turned.rows[begin:end]
    counts = starts[persons + 1] - starts[persons]
    total = int(counts.sum())
    ends = counts.cumsum()
    at = np.repeat(starts[persons] - (ends - counts), counts)
    at += np.arange(total)
    cells = among.rows[at]
    cells += np.repeat(lines * among.row_count, counts)
    shape = (last - first, among.row_count)
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def _leave_out_self(
    cosines: NDArray[np.floating], candidates: NDArray[np.int64], lines: NDArray[np.int64]
) -> None:
    places = np.minimum(candidates.searchsorted(lines), len(candidates) - 1)
    is_candidate = candidates[places] == lines
    cosines[is_candidate.nonzero()[0], places[is_candidate]] = 0.0


def _best(scores: NDArray[np.floating], width: int) -> NDArray[np.int64]:
    """Return the places of the best of each line, best first, equal ones in their order."""
    if width < scores.shape[1]:
        best = np.sort(np.argpartition(-scores, width - 1, axis=1)[:, :width], axis=1)
    else:
        best = np.broadcast_to(np.arange(width), (len(scores), width))
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    return np.take_along_axis(best, order, 1)


def _without_shops(pairs: Pairs) -> Pairs:
    """Keep the first pairs of whoever has very many."""
    place = np.arange(len(pairs)) - pairs.starts[pairs.persons]
    return pairs.only(place < _MOST_OF_ONE)


def _restricted(pairs: Pairs, rows: NDArray[np.int64]) -> Pairs:
    """Return the pairs of some rows, renumbered by their place among them."""
    places = np.full(pairs.row_count, -1, np.int64)
    places[rows] = np.arange(len(rows))
    kept = places[pairs.rows] >= 0
    return Pairs(
        pairs.person_count,
        len(rows),
        pairs.persons[kept],
        places[pairs.rows[kept]],
        pairs.weights[kept],
    )

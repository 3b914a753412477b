"""Implicit alternating least squares: vectors whose products say who likes what.

Hu, Koren, Volinsky 2008, "Collaborative Filtering for Implicit Feedback Datasets", with the
regularisation scaled by frequency and the advice of Rendle, Krichene, Zhang, Koren 2021,
"Revisiting the Performance of iALS on Item Recommendation Benchmarks".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.fold_in import EXPONENT
from services.retrieval.domain.learning.pairs import Pairs

_FIRST_SCALE = 0.1
"""Standard deviation of a fresh vector's length (Rendle et al.)."""
_STEP = 1.25
"""Lines of up to so many times the length of the shortest are padded to one length."""
_MOST_CELLS = 1 << 22
"""Numbers gathered at once: 16 MB."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What iALS is told."""

    regularisation: float
    """lambda; multiplied by the pairs of a line and its share of what was not bought."""
    unobserved_weight: float
    """alpha 0: weight of a pair that never was, beside 1 of one that was."""
    dimensions: int
    sweeps: int
    """How often both sides are solved."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Vectors of both sides; the product of two says how likely the pair is."""

    persons: NDArray[np.float32]
    rows: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Lines of like length."""

    lines: NDArray[np.int64]
    columns: NDArray[np.int64]
    """(lines, longest) padded with column 0 of weight 0."""
    weights: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of the matrix, ready to be solved again and again."""

    line_count: int
    column_count: int
    """Columns of the whole."""
    counts: NDArray[np.int64]
    batches: tuple[_Batch, ...]


class Matrix:
    """Pairs laid out for both half steps, so that several settings can share the work."""

    def __init__(self, pairs: Pairs, rows_of_whole: int | None = None) -> None:
        """Take pairs; `rows_of_whole` is how many rows there are where these are only some.

        Then persons are regularised as in the whole, so that what does best here does there.
        """
        self._persons = _side(pairs, rows_of_whole or pairs.row_count)
        self._rows = _side(pairs.turned(), pairs.person_count)

    def factorised(
        self,
        setting: Setting,
        seed: int,
        on_sweep: Callable[[int], None] = lambda _: None,
    ) -> Factors:
        """Return vectors; `on_sweep` is told how many sweeps are done."""
        random = np.random.default_rng(seed)
        scale = _FIRST_SCALE / np.sqrt(setting.dimensions)
        shape = (self._rows.line_count, setting.dimensions)
        rows = random.normal(0.0, scale, shape).astype(np.float32)
        persons = np.zeros((self._persons.line_count, setting.dimensions), np.float32)
        for sweep in range(setting.sweeps):
            persons = _solved(self._persons, rows, setting)
            rows = _solved(self._rows, persons, setting)
            on_sweep(sweep + 1)
        # Once more, so that a person's vector is what folding in makes of the final items.
        return Factors(_solved(self._persons, rows, setting), rows)


def _solved(side: _Side, other: NDArray[np.float32], setting: Setting) -> NDArray[np.float32]:
    """Return the best vectors of one side for those of the other."""
    gram = setting.unobserved_weight * (other.T @ other)
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    basis = vectors.astype(np.float32)
    turned = other @ basis
    unobserved = np.maximum(values, 0.0).astype(np.float32)
    of_unobserved = setting.unobserved_weight * side.column_count
    strengths = setting.regularisation * (side.counts + of_unobserved) ** EXPONENT
    solved = np.zeros((side.line_count, other.shape[1]), np.float32)
    for batch in side.batches:
        diagonal = unobserved + strengths[batch.lines, None].astype(np.float32)
        root = np.sqrt(batch.weights)
        seen = turned[batch.columns] * root[:, :, None]
        is_short = seen.shape[1] < seen.shape[2]
        solve = _solved_in_pairs if is_short else _solved_in_dimensions
        solved[batch.lines] = solve(seen, root, diagonal)
    return solved @ basis.T


def _solved_in_dimensions(
    seen: NDArray[np.float32], root: NDArray[np.float32], diagonal: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Solve (D + S'S) x = S'r for a stack, as systems of d equations."""
    systems = seen.transpose(0, 2, 1) @ seen
    at = np.arange(seen.shape[2])
    systems[:, at, at] += diagonal
    wanted = seen.transpose(0, 2, 1) @ root[:, :, None]
    solved: NDArray[np.float32] = np.linalg.solve(systems, wanted)[:, :, 0]
    return solved


def _solved_in_pairs(
    seen: NDArray[np.float32], root: NDArray[np.float32], diagonal: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Solve the same by the inversion lemma, as systems of as many equations as there are pairs."""
    scaled = seen / diagonal[:, None, :]
    systems = scaled @ seen.transpose(0, 2, 1)
    at = np.arange(seen.shape[1])
    systems[:, at, at] += 1.0
    small = np.linalg.solve(systems, root[:, :, None])
    solved: NDArray[np.float32] = (scaled.transpose(0, 2, 1) @ small)[:, :, 0]
    return solved


def _side(pairs: Pairs, column_count: int) -> _Side:
    starts = pairs.starts
    counts = np.diff(starts)
    batches = tuple(_batch(pairs, starts, counts, lines) for lines in _alike(counts))
    return _Side(pairs.person_count, column_count, counts, batches)


def _alike(counts: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield lines of like length, few enough to be gathered at once."""
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 0]
    begin = 0
    while begin < len(order):
        shortest = int(counts[order[begin]])
        longest = int(shortest * _STEP) + 1
        end = int(counts[order].searchsorted(longest, "right"))
        end = min(end, begin + max(1, _MOST_CELLS // (64 * longest)))
        yield order[begin:end]
        begin = end


def _batch(
    pairs: Pairs, starts: NDArray[np.int64], counts: NDArray[np.int64], lines: NDArray[np.int64]
) -> _Batch:
    longest = int(counts[lines].max())
    steps = np.arange(longest)
    is_there = steps < counts[lines, None]
    at = np.where(is_there, starts[lines, None] + steps, 0)
    columns = np.where(is_there, pairs.rows[at], 0)
    return _Batch(lines, columns, np.where(is_there, pairs.weights[at], 0).astype(np.float32))

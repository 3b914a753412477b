"""Compares all vectors: nothing is nearer to the truth, and for few of them nothing is faster."""

from __future__ import annotations

from collections.abc import Iterator
from mmap import MADV_DONTNEED, mmap
from typing import Protocol

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage.vectors.reports import EXACT, IndexFacts


class VectorRows(Protocol):
    """(n, d) vectors of which some are taken at a time; an array is such."""

    @property
    def shape(self) -> tuple[int, ...]:
        """How many there are, and of how many dimensions."""
        ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.float32]:
        """Return the vectors of some rows."""
        ...


Found = tuple[NDArray[np.int64], NDArray[np.float32]]
_AT_ONCE = 65_536
_GATHERED_AT_ONCE = 4096
"""Each brings the pages around it into memory with it."""


class ExactIndex:
    """A `VectorIndex` of a few vectors."""

    def __init__(self, vectors: NDArray[np.float32], *, is_chosen: bool = False) -> None:
        """Take (n, d) vectors; `is_chosen` where lists were measured to be no faster."""
        self.is_chosen = is_chosen
        self._vectors = np.ascontiguousarray(vectors, np.float32)
        count, width = vectors.shape
        size = self._vectors.nbytes
        self.facts = IndexFacts(EXACT, count, width, index_bytes=size, code_bytes=size)

    def nearest(
        self, vector: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> Found:
        rows, products = self.nearest_each(vector[np.newaxis], count, allowed)
        return rows[0], products[0]

    def nearest_each(
        self, vectors: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> Found:
        refuse_unfit(vectors, self._vectors.shape, allowed)
        if allowed is None or allowed.count == len(self._vectors):
            return nearest_of_all(vectors, self._vectors, count)
        among = allowed.mask.nonzero()[0] if allowed.rows is None else allowed.rows
        places, products = nearest_of_all(vectors, self._vectors[among], count)
        return among[places], products


def nearest_of_all(asked: NDArray[np.float32], vectors: NDArray[np.float32], count: int) -> Found:
    """Return rows and products of the nearest to each by comparing all, fewer if there are."""
    count = min(count, len(vectors))
    if not count:
        return np.zeros((len(asked), 0), np.int64), np.zeros((len(asked), 0), np.float32)
    if len(asked) == 1:
        return _nearest_to_one(asked[0], vectors, count)
    products, rows = faiss.knn(
        np.ascontiguousarray(asked, np.float32), vectors, count, metric=faiss.METRIC_INNER_PRODUCT
    )
    return rows, products


def _nearest_to_one(asked: NDArray[np.float32], vectors: NDArray[np.float32], count: int) -> Found:
    """One product with a matrix and one partition beat a heap."""
    products = vectors @ asked
    best = np.argpartition(products, -count)[-count:]
    best = best[(-products[best]).argsort(kind="stable")]
    return best[np.newaxis], products[best][np.newaxis]


def truly_nearest(
    asked: NDArray[np.float32],
    vectors: NDArray[np.float32],
    count: int,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Return (q, count) rows nearest to each among any number of vectors, of a mask's alone.

    Reads them part by part, so that those in a file need no memory; -1 where there are too few.
    """
    rows = np.full((len(asked), count), -1, np.int64)
    best = np.full((len(asked), count), -np.inf, np.float32)
    for begin, part in parts_of(vectors):
        own = None if mask is None else mask[begin : begin + len(part)].nonzero()[0]
        places, products = nearest_of_all(asked, part if own is None else part[own], count)
        found = begin + (places if own is None else own[places])
        rows, best = np.hstack((rows, found)), np.hstack((best, products))
        order = np.argsort(-best, axis=1, kind="stable")[:, :count]
        rows = np.take_along_axis(rows, order, axis=1)
        best = np.take_along_axis(best, order, axis=1)
    return rows


def parts_of(vectors: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield vectors part by part, each with where it begins; of a file none is kept in memory."""
    for begin in range(0, len(vectors), _AT_ONCE):
        yield begin, np.ascontiguousarray(vectors[begin : begin + _AT_ONCE], np.float32)
        _leave(vectors)


def rows_of(vectors: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return some vectors; of a file nothing else of it stays in memory."""
    found = np.empty((len(rows), vectors.shape[1]), np.float32)
    for begin in range(0, len(rows), _GATHERED_AT_ONCE):
        found[begin : begin + _GATHERED_AT_ONCE] = vectors[rows[begin : begin + _GATHERED_AT_ONCE]]
        _leave(vectors)
    return found


def _leave(vectors: NDArray[np.float32]) -> None:
    if isinstance(vectors.base, mmap):
        vectors.base.madvise(MADV_DONTNEED)


def refuse_unfit(
    asked: NDArray[np.float32], shape: tuple[int, ...], allowed: Allowed | None
) -> None:
    """Raise ValueError for what cannot be compared with vectors of a shape."""
    if asked.ndim != 2 or asked.shape[1] != shape[1]:
        raise ValueError(f"vectors of {asked.shape[-1]} dimensions among those of {shape[1]}")
    if not np.isfinite(asked).all():
        raise ValueError("a vector that is asked for holds what is no number")
    if allowed is not None and len(allowed.mask) != shape[0]:
        raise ValueError(f"{len(allowed.mask)} rows are or are not allowed of {shape[0]}")

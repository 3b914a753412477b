"""Nearest vectors by FAISS: exact up to a size, by inverted lists above it."""

from __future__ import annotations

import time

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.served_model import VectorIndex
from shared.logging import get_logger

log = get_logger(__name__)

EXACT_UP_TO = 100_000
"""Vectors that are simply all compared: 64 dimensions of them take 3 ms."""
WANTED_RECALL = 0.98
"""Of the truly nearest `_DEPTH`, so many must be found."""
_LISTS_PER_ROOT = 4
_TRAINED_ON_PER_LIST = 64
_SAMPLED = 200
_DEPTH = 200
_FIRST_PROBES = 8


class FaissIndex:
    """A `VectorIndex` by inner product."""

    def __init__(self, index: faiss.Index, recall: float) -> None:
        self._index = index
        self.recall = recall
        """Share of the truly nearest 200 that it finds; 1 where it compares all."""

    def nearest(
        self, vector: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        count = min(count, self._index.ntotal)
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        products, rows = self._index.search(vector[np.newaxis], count)
        found = rows[0] >= 0
        return rows[0][found], products[0][found]


def build_index(vectors: NDArray[np.float32]) -> VectorIndex:
    """Return an index over (n, d) vectors; above `EXACT_UP_TO` its recall is measured and raised.

    One thread: the other cores serve requests.
    """
    faiss.omp_set_num_threads(1)
    exact = faiss.IndexFlatIP(vectors.shape[1])
    exact.add(np.ascontiguousarray(vectors))
    if len(vectors) <= EXACT_UP_TO:
        return FaissIndex(exact, 1.0)
    return _clustered(vectors, exact)


def _clustered(vectors: NDArray[np.float32], exact: faiss.Index) -> FaissIndex:
    """Sort the vectors into lists and look into as many as the wanted recall takes."""
    began = time.monotonic()
    lists = int(_LISTS_PER_ROOT * np.sqrt(len(vectors)))
    width = vectors.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(width), width, lists, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[_spread(len(vectors), _TRAINED_ON_PER_LIST * lists)])
    index.add(vectors)
    asked = vectors[_spread(len(vectors), _SAMPLED)]
    nearest = exact.search(asked, _DEPTH)[1]
    index.nprobe = _FIRST_PROBES
    recall = _recall(index, asked, nearest)
    while recall < WANTED_RECALL and index.nprobe < lists:
        index.nprobe = min(2 * index.nprobe, lists)
        recall = _recall(index, asked, nearest)
    log.info(
        "index_built",
        vectors=len(vectors),
        lists=lists,
        probes=index.nprobe,
        recall=round(recall, 3),
        took_s=round(time.monotonic() - began, 1),
    )
    return FaissIndex(index, recall)


def _recall(index: faiss.Index, asked: NDArray[np.float32], nearest: NDArray[np.int64]) -> float:
    found = index.search(asked, _DEPTH)[1]
    shares = [np.isin(own, true).mean() for own, true in zip(found, nearest, strict=True)]
    return float(np.mean(shares))


def _spread(size: int, count: int) -> NDArray[np.int64]:
    """Return at most `count` places, evenly over all."""
    return np.unique(np.linspace(0, size - 1, min(count, size)).astype(np.int64))

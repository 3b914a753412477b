"""Searches vectors by short codes of all of them, and compares the best by what they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage.vectors.exact import (
    Found,
    nearest_of_all,
    parts_of,
    refuse_unfit,
    truly_nearest,
)
from services.retrieval.storage.vectors.lists import DEPTH, RowVectors
from services.retrieval.storage.vectors.measuring import (
    AIMED_AT,
    exact_ms,
    median_ms,
    recall,
    spread,
)
from services.retrieval.storage.vectors.reports import CODES, IndexFacts

_BITS = 4
_BLOCK = 32
"""Codes that are compared at a time; FAISS knows no other number."""
_TAUGHT = 20_000
_ASKED = 64
_FEW = 40
"""Neighbours of a person are looked for; beside `DEPTH` it is measured how to find so many."""


class CodesIndex:
    """A `VectorIndex` of vectors that lie scattered, which no lists can part.

    All are compared by 4 bits for every two dimensions, from sums that lie in registers (product
    quantisation, Jégou et al. 2011, as in André et al. 2015); of these the best, as many as were
    found to hold what is truly nearest, are compared again.
    """

    def __init__(
        self, codes: faiss.IndexPQFastScan, vectors_of: RowVectors, again: Mapping[int, int]
    ) -> None:
        """Take how many are compared `again` to find so many, ascending."""
        self.again = again
        self.facts = IndexFacts(CODES, codes.ntotal, codes.d)
        self._codes = codes
        self._vectors_of = vectors_of

    def nearest(
        self, vector: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> Found:
        refuse_unfit(vector[np.newaxis], (self._codes.ntotal, self._codes.d), allowed)
        if allowed is not None and allowed.count < len(allowed.mask):
            rows = allowed.mask.nonzero()[0]
        else:
            asked = np.ascontiguousarray(vector[np.newaxis], np.float32)
            rows = self._codes.search(asked, self._compared_again(count))[1][0]
        [places], [products] = nearest_of_all(vector[np.newaxis], self._vectors_of(rows), count)
        return rows[places], products

    def nearest_each(
        self, vectors: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> Found:
        refuse_unfit(vectors, (self._codes.ntotal, self._codes.d), allowed)
        found = [self.nearest(vector, count, allowed) for vector in vectors]
        width = max((len(rows) for rows, _ in found), default=0)
        rows = np.array([each for each, _ in found], np.int64).reshape(len(vectors), width)
        products = np.array([each for _, each in found], np.float32)
        return rows, products.reshape(len(vectors), width)

    def _compared_again(self, count: int) -> int:
        depth, again = next(
            (each for each in self.again.items() if count <= each[0]), list(self.again.items())[-1]
        )
        return min(-(-again * max(count, depth) // depth), self._codes.ntotal)


def built_codes(vectors: NDArray[np.float32], vectors_of: RowVectors) -> CodesIndex:
    """Return an index over (n, d) vectors; it keeps none of them, but asks for those of rows."""
    began = time.monotonic()
    count, width = vectors.shape
    parts = width if width % 2 else width // 2
    codes = faiss.IndexPQFastScan(width, parts, _BITS, faiss.METRIC_INNER_PRODUCT, _BLOCK)
    codes.train(vectors[spread(count, _TAUGHT)])
    for _, part in parts_of(vectors):
        codes.add(part)
    asked = vectors[spread(count, _ASKED)]
    true = truly_nearest(asked, vectors, DEPTH)
    index = CodesIndex(codes, vectors_of, {})
    index.again = {
        depth: _enough(index, depth, partial(_recall, index, asked, true, depth))
        for depth in (_FEW, DEPTH)
    }
    index.facts = IndexFacts(
        CODES,
        count,
        width,
        scanned=index.again[DEPTH],
        recall_200=_recall(index, asked, true, DEPTH),
        index_bytes=count * -(-parts // 2),
        code_bytes=count * -(-parts // 2),
        build_s=time.monotonic() - began,
        search_ms=median_ms(partial(index.nearest, count=DEPTH), asked),
        exact_ms=exact_ms(vectors, asked),
    )
    return index


def _enough(index: CodesIndex, depth: int, found: Callable[[], float]) -> int:
    """Return how many must be compared again to find so many; some power of two times that."""
    again = depth
    while again < index.facts.vectors:
        again *= 2
        index.again = {depth: again}
        if found() >= AIMED_AT:
            break
    return again


def _recall(
    index: CodesIndex, asked: NDArray[np.float32], true: NDArray[np.int64], depth: int
) -> float:
    return recall(index.nearest_each(asked, depth)[0], true[:, :depth])

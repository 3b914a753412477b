"""Searches vectors that are sorted into lists, looking into those that promise most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage.vectors.exact import Found, nearest_of_all, refuse_unfit
from services.retrieval.storage.vectors.reports import IndexFacts

DEPTH = 200
"""How many of the nearest an index is measured by."""
_wrapped: Any = faiss
"""The stubs of FAISS know neither arrays as selectors nor parameters by name."""
_MOST_KEPT = 64_000_000
"""Bytes of vectors that are allowed by filters under which few are."""
RowVectors = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Returns the full vectors of some rows."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where vectors lie, beside what FAISS keeps of them."""

    promise: NDArray[np.float32]
    """(lists, d + 1) mean of each list's vectors, and how far they spread in one direction."""
    list_of: NDArray[np.uint16]
    """(n,) the list of each row."""
    sizes: NDArray[np.int64]
    """(lists,) vectors in each."""
    scanned: int
    """Vectors to compare with, at least, to find the nearest 200."""
    scanned_filtered: int
    """The same, of those allowed, where not all are."""
    compared_up_to: int
    """So few allowed rows are all compared."""

    @classmethod
    def of(
        cls,
        means: NDArray[np.float32],
        spreads: NDArray[np.float32],
        list_of: NDArray[np.uint16],
        scanned: int,
    ) -> Layout:
        """Lay out rows sorted into lists."""
        sizes = np.bincount(list_of, minlength=len(means)).astype(np.int64)
        promise = np.hstack((means, spreads[:, np.newaxis])).astype(np.float32)
        return cls(promise, list_of, sizes, scanned, scanned, scanned)


_LEAST_SHARE = 0.5
"""The very nearest lie in the most promising lists: in half as many, 99.4% of the nearest 60 were
found where 98.7% of the nearest 200 are found in all, among a million vectors of taste."""
_FURTHER = 0.4
"""Half as many more lie hardly further off: 98.5% of the nearest 300 are in 1.18 times as many
vectors as those of the nearest 200, among 300,000 of taste."""


class ListIndex:
    """A `VectorIndex` of many vectors.

    Lists are ranked by their mean's inner product with what is asked for and by their spread: by
    means alone, as FAISS ranks them, vectors of different lengths are lost. As many lists are
    looked into as hold the wanted number of allowed vectors, so that a filter costs no recall;
    where hardly any are allowed, all of them are compared.
    """

    def __init__(
        self, index: faiss.IndexIVF, layout: Layout, facts: IndexFacts, vectors_of: RowVectors
    ) -> None:
        self.layout = layout
        self.facts = facts
        self.index = index
        self._vectors_of = vectors_of
        self._few: WeakKeyDictionary[Allowed, NDArray[np.float32]] = WeakKeyDictionary()

    def nearest(
        self, vector: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> Found:
        rows, products = self.nearest_each(vector[np.newaxis], count, allowed)
        found = rows[0] >= 0
        return rows[0][found], products[0][found]

    def nearest_each(
        self, vectors: NDArray[np.float32], count: int, allowed: Allowed | None = None
    ) -> Found:
        size = len(self.layout.list_of)
        refuse_unfit(vectors, (size, self.index.d), allowed)
        count = min(count, size if allowed is None else allowed.count)
        if not count:
            return np.zeros((len(vectors), 0), np.int64), np.zeros((len(vectors), 0), np.float32)
        if allowed is None or allowed.count == size:
            return self._in_lists(vectors, count, None)
        if allowed.rows is not None and allowed.count <= max(self.layout.compared_up_to, count):
            return self._among_few(vectors, count, allowed, allowed.rows)
        return self._in_lists(vectors, count, allowed)

    def _among_few(
        self,
        asked: NDArray[np.float32],
        count: int,
        allowed: Allowed,
        rows: NDArray[np.int64],
    ) -> Found:
        vectors = self._few.get(allowed)
        if vectors is None:
            vectors = np.ascontiguousarray(self._vectors_of(rows), np.float32)
            if vectors.nbytes + sum(each.nbytes for each in self._few.values()) > _MOST_KEPT:
                self._few.clear()
            self._few[allowed] = vectors
        places, products = nearest_of_all(asked, vectors, count)
        return rows[places], products

    def _in_lists(self, asked: NDArray[np.float32], count: int, allowed: Allowed | None) -> Found:
        layout = self.layout
        if allowed is None:
            sizes, least = layout.sizes, layout.scanned
        else:
            sizes = allowed.counts(layout.list_of, layout.sizes)
            least = layout.scanned_filtered
        least = int(least * _share_for(count))
        probes = [promising(each, layout, sizes, least) for each in asked]
        products, rows = searched(self.index, asked, count, _padded(probes), allowed)
        return rows, products


def _share_for(count: int) -> float:
    share = count / DEPTH
    return max(share, _LEAST_SHARE) if share < 1.0 else 1.0 + _FURTHER * (share - 1.0)


def promising(
    asked: NDArray[np.float32], layout: Layout, sizes: NDArray[np.int64], least: int
) -> NDArray[np.int64]:
    """Return the most promising lists for one vector, as many as together hold `least`."""
    promise = layout.promise @ np.append(asked, np.linalg.norm(asked)).astype(np.float32)
    is_empty = sizes == 0
    promise[is_empty] = -np.inf
    filled = len(sizes) - int(np.count_nonzero(is_empty))
    mean = float(sizes.sum()) / max(filled, 1)
    # Lists differ in size: twice as many as would do on average nearly always do.
    likely = min(2 * int(least / mean) + 8, filled)
    held = np.zeros(1, np.int64)
    lists = held[:0]
    while likely and (not len(lists) or (held[-1] < least and len(lists) < filled)):
        lists = np.argpartition(-promise, likely - 1)[:likely]
        lists = lists[np.argsort(-promise[lists])]
        held, likely = sizes[lists].cumsum(), filled
    return lists[: int(held.searchsorted(least)) + 1]


def _padded(probes: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return lists of different lengths as lines; -1 is padding."""
    if len(probes) == 1:
        return probes[0][np.newaxis]
    lines = np.full((len(probes), max(map(len, probes), default=0)), -1, np.int64)
    for line, own in zip(lines, probes, strict=True):
        line[: len(own)] = own
    return lines


def searched(
    index: faiss.IndexIVF,
    asked: NDArray[np.float32],
    count: int,
    probes: NDArray[np.int64],
    allowed: Allowed | None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Look into the lists that were chosen for each; return products and rows."""
    asked = np.ascontiguousarray(asked, np.float32)
    probes = np.ascontiguousarray(probes, np.int64)
    unused = np.zeros(probes.shape, np.float32)
    products = np.empty((len(asked), count), np.float32)
    rows = np.empty((len(asked), count), np.int64)
    selector = None if allowed is None else _wrapped.IDSelectorBitmap(allowed.bits)
    parameters = _wrapped.SearchParametersIVF(sel=selector, nprobe=probes.shape[1])
    _wrapped.IndexIVF.search_preassigned_c(
        index,
        len(asked),
        faiss.swig_ptr(asked),
        count,
        faiss.swig_ptr(probes),
        faiss.swig_ptr(unused),
        faiss.swig_ptr(products),
        faiss.swig_ptr(rows),
        False,
        parameters,
        None,
    )
    return products, rows

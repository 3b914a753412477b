"""Builds an index in lists and finds, by measuring, how far each search must look."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import partial

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import MOST_LISTED
from services.retrieval.storage.vectors.exact import (
    parts_of,
    rows_of,
    truly_nearest,
)
from services.retrieval.storage.vectors.lists import DEPTH, Layout, ListIndex
from services.retrieval.storage.vectors.measuring import (
    AIMED_AT,
    distances,
    exact_ms,
    filtered_recall,
    median_ms,
    random_rows,
    recall,
    truly_nearest_filtered,
)
from services.retrieval.storage.vectors.reports import BYTES, HALVES, IndexFacts
from services.retrieval.storage.vectors.sorting import Sorted, sorted_into_lists

_LOOKED_FOR = (0.985, 0.9875, 0.99, 0.993, 0.996, 0.999, 1.0)
"""Of the nearest, the share that lies in lists that are looked into."""
_MORE_FOR_SHORT = 1.5
"""To find the same among numbers of 8 bits, so many times as many vectors may be compared."""
_FILTERED_ASKED = 64
_FURTHER = 1.5
_ENCODINGS = {
    BYTES: faiss.ScalarQuantizer.QT_8bit,
    HALVES: faiss.ScalarQuantizer.QT_fp16,
}


@dataclass(frozen=True, slots=True)
class _Sample:
    """Queries, and what is truly nearest to each among the vectors."""

    vectors: NDArray[np.float32]
    asked: NDArray[np.float32]
    true: NDArray[np.int64]


def built_in_lists(vectors: NDArray[np.float32], asked: NDArray[np.float32]) -> ListIndex:
    """Return the smallest index that finds what is wanted for the sample of queries.

    The vectors may lie in a file: they are read from front to back.
    """
    began = time.monotonic()
    own = sorted_into_lists(vectors)
    sample = _Sample(vectors, asked, truly_nearest(asked, vectors, DEPTH))
    layout = Layout.of(own.means, own.spreads, own.list_of, DEPTH)
    reached = distances(asked, sample.true, layout)
    index = _far_enough(_encoded(own, vectors, BYTES), BYTES, layout, reached, sample)
    is_far = index.layout.scanned > _MORE_FOR_SHORT * np.quantile(reached, AIMED_AT)
    if is_far or index.facts.recall_200 < AIMED_AT:
        del index  # both at a time would take the memory of both
        index = _far_enough(_encoded(own, vectors, HALVES), HALVES, layout, reached, sample)
    _set_switch(index, asked)
    _set_filtered(index, asked[:_FILTERED_ASKED], vectors)
    index.facts = replace(
        index.facts,
        search_ms=median_ms(partial(index.nearest, count=DEPTH), asked),
        exact_ms=exact_ms(vectors, asked),
        build_s=time.monotonic() - began,
    )
    return index


def _encoded(own: Sorted, vectors: NDArray[np.float32], kind: str) -> faiss.IndexIVF:
    lists, width = own.means.shape
    index = faiss.IndexIVFScalarQuantizer(
        own.coarse, width, lists, _ENCODINGS[kind], faiss.METRIC_INNER_PRODUCT, False
    )
    index.train(own.sample)
    for begin, part in parts_of(vectors):
        rows = np.arange(begin, begin + len(part))
        lists_of_part = own.list_of[begin : begin + len(part)].astype(np.int64)
        pointers = [faiss.swig_ptr(each) for each in (part, rows, lists_of_part)]
        index.add_core(len(part), *pointers)
    return index


def _far_enough(
    encoded: faiss.IndexIVF,
    kind: str,
    layout: Layout,
    reached: NDArray[np.int64],
    sample: _Sample,
) -> ListIndex:
    """Look into more lists until enough is found; numbers that are cut short lose some for good."""
    count, lists = len(layout.list_of), len(layout.sizes)
    facts = IndexFacts(kind, count, encoded.d, lists, code_bytes=count * encoded.code_size)
    index = ListIndex(encoded, layout, facts, partial(rows_of, sample.vectors))
    for share in _LOOKED_FOR:
        scanned = max(int(np.quantile(reached, share)) + 1, DEPTH)
        index.layout = replace(layout, scanned=scanned, scanned_filtered=scanned)
        found = recall(index.nearest_each(sample.asked, DEPTH)[0], sample.true)
        index.facts = replace(facts, scanned=scanned, recall_200=found)
        if found >= AIMED_AT:
            break
    return index


def _set_switch(index: ListIndex, asked: NDArray[np.float32]) -> None:
    """Find up to how many allowed rows it is faster to compare them all."""
    count, few = len(index.layout.list_of), index.layout.scanned
    while 2 * few <= min(MOST_LISTED, count // 4):
        allowed = random_rows(count, 2 * few)
        spent_ms = []
        for compared_up_to in (0, 2 * few):
            index.layout = replace(index.layout, compared_up_to=compared_up_to)
            search = partial(index.nearest, count=DEPTH, allowed=allowed)
            search(asked[0])
            spent_ms.append(median_ms(search, asked))
        if spent_ms[1] > spent_ms[0]:
            break
        few *= 2
    index.layout = replace(index.layout, compared_up_to=few)
    index.facts = replace(index.facts, compared_up_to=few)


def _set_filtered(
    index: ListIndex, asked: NDArray[np.float32], vectors: NDArray[np.float32]
) -> None:
    """Look further where filters hide what is near, until they cost no recall."""
    true = truly_nearest_filtered(vectors, asked)
    while (found := filtered_recall(index, asked, true)) < AIMED_AT:
        further = int(_FURTHER * index.layout.scanned_filtered)
        if further > len(index.layout.list_of):
            break
        index.layout = replace(index.layout, scanned_filtered=further)
    index.facts = replace(index.facts, recall_200_filtered=found)

"""Measures what an index finds of what is truly nearest, and how far it must look for that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.allowed import Allowed
from services.retrieval.storage.vectors.exact import nearest_of_all, parts_of, truly_nearest
from services.retrieval.storage.vectors.lists import DEPTH, Layout, ListIndex, promising

AIMED_AT = 0.985
"""Of the truly nearest 200; a little more than is promised, for other queries than the sample."""
_TIMED = 24
_TIMED_AMONG = 262_144
_MASK_SEED = 2
_SCATTERED_SHARES = (0.3, 0.05)
_REGION_SHARES = (0.5, 0.3)


def recall(found: NDArray[np.int64], true: NDArray[np.int64]) -> float:
    """Return the share of what is truly nearest that was found; rows of -1 are nothing."""
    wanted = max(int((true >= 0).sum()), 1)
    missed = [np.count_nonzero(~np.isin(own[own >= 0], rows)) for rows, own in zip(found, true)]
    return 1.0 - float(np.sum(missed) / wanted)


def distances(
    asked: NDArray[np.float32], true: NDArray[np.int64], layout: Layout
) -> NDArray[np.int64]:
    """Return, ascending, how many vectors are compared before each of the nearest is come to."""
    everything = len(layout.list_of)
    before = np.full((len(asked), len(layout.sizes)), everything, np.int64)
    for line, vector in zip(before, asked, strict=True):
        ranked = promising(vector, layout, layout.sizes, everything)
        held = layout.sizes[ranked]
        line[ranked] = held.cumsum() - held
    found: NDArray[np.int64] = np.take_along_axis(before, layout.list_of[true].astype(int), axis=1)
    return np.sort(found, axis=None)


def median_ms(search: Callable[[NDArray[np.float32]], object], asked: NDArray[np.float32]) -> float:
    """Return what one search takes, one after the other."""
    spent = []
    for vector in asked[:_TIMED]:
        began = time.perf_counter()
        search(vector)
        spent.append(time.perf_counter() - began)
    return float(np.median(spent)) * 1000


def exact_ms(vectors: NDArray[np.float32], asked: NDArray[np.float32]) -> float:
    """Return what comparing all would take, from a part of them that surely lies in memory."""
    part = np.ascontiguousarray(vectors[:_TIMED_AMONG], np.float32)
    spent_ms = median_ms(lambda each: nearest_of_all(each[np.newaxis], part, DEPTH), asked)
    return spent_ms * len(vectors) / len(part)


def spread(size: int, count: int) -> NDArray[np.int64]:
    """Return at most `count` places, evenly over all."""
    return np.unique(np.linspace(0, size - 1, min(count, size)).astype(np.int64))


def random_rows(rows: int, count: int) -> Allowed:
    """Allow so many rows, from all over."""
    mask = np.zeros(rows, np.bool_)
    mask[np.random.default_rng(_MASK_SEED).choice(rows, count, replace=False)] = True
    return Allowed.of(mask)


def filters(vectors: NDArray[np.float32]) -> Iterator[Allowed]:
    """Yield what filters do to an index: leave something everywhere, or one region alone."""
    for share in _SCATTERED_SHARES:
        yield random_rows(len(vectors), int(share * len(vectors)))
    for seed, share in enumerate(_REGION_SHARES):
        direction = np.random.default_rng(seed).normal(size=vectors.shape[1])
        places = np.concatenate([part @ direction for _, part in parts_of(vectors)])
        yield Allowed.of(places > np.quantile(places, 1.0 - share))


def filtered_recall(
    index: ListIndex,
    asked: NDArray[np.float32],
    filters: Sequence[tuple[Allowed, NDArray[np.int64]]],
) -> float:
    """Return the lowest recall over filters, each given with what is truly nearest under it."""
    found = (recall(index.nearest_each(asked, DEPTH, each)[0], true) for each, true in filters)
    return min(found, default=1.0)


def truly_nearest_filtered(
    vectors: NDArray[np.float32], asked: NDArray[np.float32]
) -> list[tuple[Allowed, NDArray[np.int64]]]:
    """Return filters with what is truly nearest under each."""
    return [(each, truly_nearest(asked, vectors, DEPTH, each.mask)) for each in filters(vectors)]

"""Sorts vectors into lists of alike ones, reading them part by part."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from services.retrieval.storage.vectors.exact import parts_of

_LISTS_PER_ROOT = 4
_MOST_LISTS = 4096
_LEARNED_PER_LIST = 32
_ROUNDS = 6
"""More rounds of k-means move hardly anything (tried: 25 find the nearest no better)."""
_SEED = 1


@dataclass(frozen=True, slots=True)
class Sorted:
    """Which list each vector is in, and what lists are like."""

    coarse: faiss.IndexFlatL2
    """The centres by which they were sorted."""
    sample: NDArray[np.float32]
    """Vectors from all over, from which centres were learned."""
    list_of: NDArray[np.uint16]
    means: NDArray[np.float32]
    spreads: NDArray[np.float32]
    """Standard deviation within each list, along one dimension."""


def sorted_into_lists(vectors: NDArray[np.float32]) -> Sorted:
    """Sort by distance, so that long vectors come to lie apart from short ones of their kind."""
    count, width = vectors.shape
    lists = min(int(_LISTS_PER_ROOT * np.sqrt(count)), _MOST_LISTS)
    sample = _sample(vectors, _LEARNED_PER_LIST * lists)
    kmeans = faiss.Kmeans(
        width,
        lists,
        niter=_ROUNDS,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=_LEARNED_PER_LIST,
    )
    kmeans.train(sample)
    coarse = faiss.IndexFlatL2(width)
    coarse.add(kmeans.centroids)
    list_of = np.empty(count, np.uint16)
    sums, squares = np.zeros((lists, width)), np.zeros(lists)
    for begin, part in parts_of(vectors):
        lists_of_part = coarse.search(part, 1)[1][:, 0]
        list_of[begin : begin + len(part)] = lists_of_part
        squares += np.bincount(lists_of_part, np.square(part).sum(axis=1), minlength=lists)
        order = lists_of_part.argsort(kind="stable")
        filled, starts = np.unique(lists_of_part[order], return_index=True)
        sums[filled] += np.add.reduceat(part[order], starts, axis=0)
    sizes = np.maximum(np.bincount(list_of, minlength=lists), 1)
    means = sums / sizes[:, np.newaxis]
    variances = np.maximum(squares / sizes - np.square(means).sum(axis=1), 0.0) / width
    spreads = np.sqrt(variances).astype(np.float32)
    return Sorted(coarse, sample, list_of, means.astype(np.float32), spreads)


def _sample(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Take about so many vectors, at random from each part."""
    random = np.random.default_rng(_SEED)
    share = min(count / len(vectors), 1.0)
    taken = [part[random.random(len(part)) < share] for _, part in parts_of(vectors)]
    return np.concatenate(taken)

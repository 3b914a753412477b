"""NDCG@10 and Recall@100 of rankings, by person, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.quality.shop import Shop
from services.retrieval.domain.learning.scoring import ndcg

DEPTH = 100
_RESAMPLES = 1_000
_SEED = 20_171


class Ranker(Protocol):
    """Something that ranks a shop's items for its persons."""

    @property
    def name(self) -> str: ...

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        """Return at least the first hundred numbers, best first.

        `novel`: what the person bought before is to be left out; the person may be unknown.
        """
        ...


@dataclass(frozen=True, slots=True)
class Scores:
    """One number per person, for those with anything to find."""

    ndcg10: NDArray[np.float64]
    recall100: NDArray[np.float64]


def scores_of(ranker: Ranker, shop: Shop, *, novel: bool) -> Scores:
    """Score a ranker over all items; for `novel`, what was bought before is no truth."""
    found = []
    for person_id, truth in _truths(shop, novel=novel):
        hits = np.isin(ranker.ranked(person_id, novel=novel)[:DEPTH], truth)
        found.append((ndcg(hits, len(truth)), hits.sum() / len(truth)))
    columns = np.array(found, np.float64).reshape(-1, 2)
    return Scores(columns[:, 0], columns[:, 1])


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95% interval of the mean, by 1,000 resamples of persons."""
    random = np.random.default_rng(_SEED)
    means = [
        float(values[random.integers(0, len(values), len(values))].mean())
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def _truths(shop: Shop, *, novel: bool) -> Iterator[tuple[str, NDArray[np.int64]]]:
    bought: Mapping[str, NDArray[np.int64]] = shop.bought() if novel else {}
    for person_id, truth in shop.truth.items():
        if person_id in bought:
            truth = truth[~np.isin(truth, bought[person_id])]
        if len(truth):
            yield person_id, truth

"""Grows trees by LightGBM from what was shown and how it was answered, laid out as columns.

LightGBM is an optional extra and links a library of the system: it is imported here alone, and only
when trees are to be grown.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from touchpoint.ranker.v1.booster_pb2 import BoosterTrees, StreamExamplesResponse

MOST_TREES: Final = 100
FEWEST_EXAMPLES: Final = 1000
FEWEST_ACCEPTED: Final = 50
_MOST_FEATURES: Final = 4000
_FEWEST_ROWS: Final = 20
"""A feature that fewer examples have, or all but so few, can tell nothing."""
_PATIENCE: Final = 10
_SEEN_SHARE = 0.7
"""Of the examples; on what follows the service compares."""
_GROWN_SHARE = 6 / 7
"""Of those: the rest tells when to stop."""
_TERMS: Final = {
    "objective": "cross_entropy",  # labels may lie between 0 and 1
    "learning_rate": 0.1,
    "max_depth": 5,
    "num_leaves": 32,
    "min_data_in_leaf": 30,
    "lambda_l2": 5.0,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": max(1, (os.cpu_count() or 1) // 2),  # requests may be answered beside it
    "verbosity": -1,
}


class GrowingError(Exception):
    """Why no trees can be grown, as a sentence without its end."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What was shown, in the order of the learning log; columns of shape (examples,)."""

    rows: NDArray[np.int64]
    labels: NDArray[np.float64]
    starts: NDArray[np.int64]
    """Where the features of each begin, with the end of the last: shape (examples + 1,)."""
    features: NDArray[np.int64]
    """Of all, one after the other."""

    @classmethod
    def of(cls, parts: Sequence[StreamExamplesResponse]) -> Examples:
        """Put together what was streamed."""
        lengths = _joined([part.lengths for part in parts])
        return cls(
            _joined([part.rows for part in parts]),
            np.concatenate([np.zeros(0), *(np.array(part.labels) for part in parts)]),
            np.concatenate([[0], np.cumsum(lengths)]),
            _joined([part.features for part in parts]),
        )

    def first(self, count: int) -> Examples:
        """Return the first of them."""
        starts = self.starts[: count + 1]
        return Examples(self.rows[:count], self.labels[:count], starts, self.features[: starts[-1]])

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Grown:
    """Trees, and what they have seen."""

    trees: BoosterTrees
    trained_row: int
    """The last row of the learning log that they have seen."""
    examples: int
    """How many of them."""


def grow(examples: Examples, seed: int, tell: Callable[[str, float], None]) -> Grown:
    """Grow trees from the first part of the examples; raises `GrowingError`."""
    _lightgbm()
    accepted = float(examples.labels.sum())
    if len(examples) < FEWEST_EXAMPLES or min(accepted, len(examples) - accepted) < FEWEST_ACCEPTED:
        raise GrowingError(
            f"there are {len(examples):,} answers, {accepted:,.0f} of them accepted: at least "
            f"{FEWEST_EXAMPLES:,} are needed, {FEWEST_ACCEPTED} accepted and {FEWEST_ACCEPTED} not"
        )
    seen = examples.first(int(_SEEN_SHARE * len(examples)))
    return Grown(trees_of(seen, seed, tell), int(seen.rows[-1]), len(seen))


def trees_of(examples: Examples, seed: int, tell: Callable[[str, float], None]) -> BoosterTrees:
    """Grow trees from all of the examples, as many as do best on the last of them."""
    lightgbm = _lightgbm()
    grown_from = int(_GROWN_SHARE * len(examples))
    asked = _features_worth_asking(examples)
    matrix = matrix_of(examples, asked)
    tell("finding when to stop", 0.3)
    first = lightgbm.Dataset(matrix[:grown_from], examples.labels[:grown_from])
    rest = lightgbm.Dataset(matrix[grown_from:], examples.labels[grown_from:])
    # Few of many at each split, so that trees differ; of few features enough to meet a pair.
    looked_at = min(1.0, max(0.2, 3 / len(asked)))
    terms = {**_TERMS, "seed": seed or 1, "feature_fraction_bynode": looked_at}
    stopping = [lightgbm.early_stopping(_PATIENCE, verbose=False)]
    tried = lightgbm.train(terms, first, MOST_TREES, valid_sets=[rest], callbacks=stopping)
    tell("growing trees", 0.6)
    whole = lightgbm.Dataset(matrix, examples.labels)
    booster = lightgbm.train(terms, whole, max(1, tried.best_iteration))
    return laid_out(booster.dump_model(), asked)


def matrix_of(examples: Examples, asked: NDArray[np.int64]) -> Any:
    """Return which examples have which of the features that are asked for, as a sparse matrix."""
    from scipy.sparse import csr_matrix  # LightGBM brings it

    place = np.full(int(examples.features.max(initial=0)) + 1, -1)
    place[asked] = np.arange(len(asked))
    found = place[examples.features]
    rows = np.repeat(np.arange(len(examples)), np.diff(examples.starts))[found >= 0]
    columns = found[found >= 0]
    return csr_matrix((np.ones(len(columns)), (rows, columns)), (len(examples), len(asked)))


def laid_out(model: dict[str, Any], asked: NDArray[np.int64]) -> BoosterTrees:
    """Return the trees of a dumped model as columns; `asked` are its features by number."""
    roots = [each["tree_structure"] for each in model["tree_info"]]
    trees = BoosterTrees(trees=len(roots))
    waiting = list(roots)
    nodes: list[tuple[int, int, int, float]] = []
    # The roots first, then whatever they lead to: children always come later.
    while len(nodes) < len(waiting):
        at, node = len(nodes), waiting[len(nodes)]
        if "leaf_value" in node:
            nodes.append((0, at, at, float(node["leaf_value"])))
            continue
        assert node["decision_type"] == "<=", "features are numbers, there or not"
        assert 0.0 <= node["threshold"] < 1.0, "a split tells 0 from 1"
        nodes.append((int(asked[node["split_feature"]]), len(waiting), len(waiting) + 1, 0.0))
        waiting += [node["left_child"], node["right_child"]]
    for feature, without, having, value in nodes:
        trees.features.append(feature)
        trees.without.append(without)
        trees.having.append(having)
        trees.values.append(value)
    return trees


def _features_worth_asking(examples: Examples) -> NDArray[np.int64]:
    """Return those that some examples have and some have not, the commonest, ascending."""
    counts = np.bincount(examples.features)
    telling = np.minimum(counts, len(examples) - counts)
    telling[telling < _FEWEST_ROWS] = 0
    order = np.argsort(-telling, kind="stable")[:_MOST_FEATURES]
    asked: NDArray[np.int64] = np.sort(order[telling[order] > 0]).astype(np.int64)
    if not len(asked):
        raise GrowingError("all that was shown looks the same: there is nothing to ask for")
    return asked


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise GrowingError(
            'trees are grown by LightGBM, which is not here: pip install "touchpoint-server[boost]"'
        ) from error
    except OSError as error:
        raise GrowingError(
            f"LightGBM is here, but a library of the system that it needs is not ({error}): on "
            "Debian and Ubuntu, apt install libgomp1"
        ) from error
    return lightgbm


def _joined(parts: Sequence[Any]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, np.int64), *(np.array(part, np.int64) for part in parts)])

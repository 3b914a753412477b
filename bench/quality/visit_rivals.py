"""What the session source is compared with: the end's popularity, Markov, item-kNN."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench.quality.rivals import RivalMissingError
from bench.quality.visits import Visited

_LAST_SHARE = 0.05
_FARTHEST = 50
_SEED = 1
_PREFIXES_AT_ONCE = 200


class NextRanker(Protocol):
    """Something that ranks what may be looked at next."""

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        """Return numbers, best first, after some that were looked at, the newest last."""
        ...


class LatelyPopular:
    """Ranks by how often it was looked at towards the end of the training part."""

    def __init__(self, visited: Visited) -> None:
        last = visited.sessions >= visited.sessions[-1] * (1.0 - _LAST_SHARE)
        self._order = np.argsort(-np.bincount(visited.items[last]), kind="stable")[:100]

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        return self._order


class Table:
    """Numbers that belong to each number, with how strongly."""

    def __init__(self, ones: NDArray[np.int64], others: NDArray[np.int64]) -> None:
        """Count pairs."""
        size = int(max(ones.max(), others.max())) + 1
        keys, counts = np.unique(ones * size + others, return_counts=True)
        self._starts = (keys // size).searchsorted(np.arange(size + 1))
        self.ones, self.others, self.scores = keys // size, keys % size, counts.astype(np.float64)

    def of(self, number: int) -> slice:
        return slice(int(self._starts[number]), int(self._starts[number + 1]))


class Markov:
    """Ranks by how often it was looked at right after the last one."""

    def __init__(self, visited: Visited) -> None:
        together = visited.sessions[1:] == visited.sessions[:-1]
        self._table = Table(visited.items[:-1][together], visited.items[1:][together])

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        found = self._table.of(prefix[-1])
        order = np.argsort(-self._table.scores[found], kind="stable")[:100]
        numbers: NDArray[np.int64] = self._table.others[found][order]
        return numbers


class ItemNeighbours:
    """Ranks by the cosine over visits with everything looked at, the last the most."""

    def __init__(self, visited: Visited) -> None:
        width = int(visited.items.max()) + 1
        once = np.unique(visited.sessions * width + visited.items)
        sessions, items = once // width, once % width
        ones: list[NDArray[np.int64]] = []
        others: list[NDArray[np.int64]] = []
        for gap in range(1, _FARTHEST):
            together = sessions[gap:] == sessions[:-gap]
            pair = items[:-gap][together], items[gap:][together]
            ones += pair
            others += pair[::-1]
        self._table = Table(np.concatenate(ones), np.concatenate(others))
        visits = np.maximum(np.bincount(items, minlength=width), 1).astype(np.float64)
        self._table.scores /= np.sqrt(visits[self._table.ones] * visits[self._table.others])

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        newest_first = list(dict.fromkeys(reversed(prefix)))
        found = [self._table.of(number) for number in newest_first]
        numbers, places = np.unique(
            np.concatenate([self._table.others[each] for each in found]), return_inverse=True
        )
        weighed = [self._table.scores[each] / (1 + at) for at, each in enumerate(found)]
        scores = np.bincount(places, np.concatenate(weighed))
        order = np.argsort(-scores, kind="stable")[:100]
        return numbers[order]


class ImplicitAls:
    """Alternating least squares of the package `implicit`, as it comes; a visit is a person."""

    def __init__(self, visited: Visited) -> None:
        """Raise RivalMissingError without the package."""
        try:
            from implicit.als import AlternatingLeastSquares
            from scipy.sparse import csr_matrix
        except ImportError as error:
            raise RivalMissingError(
                f'implicit is left out: {error}; pip install "touchpoint-server[quality]"'
            ) from error
        width = int(visited.items.max()) + 1
        pairs = np.unique(np.stack((visited.sessions, visited.items), 1), axis=0)
        ones = np.ones(len(pairs), np.float32)
        shape = (int(visited.sessions[-1]) + 1, width)
        model = AlternatingLeastSquares(random_state=_SEED)
        matrix = csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=shape)
        model.fit(matrix, show_progress=False)
        self._found: dict[tuple[int, ...], NDArray[np.integer]] = {}
        # Many at once: one at a time takes twenty times as long.
        for begin in range(0, len(visited.prefixes), _PREFIXES_AT_ONCE):
            asked = [tuple(each) for each in visited.prefixes[begin : begin + _PREFIXES_AT_ONCE]]
            items = [np.unique(each) for each in asked]
            lines = np.repeat(np.arange(len(asked)), [len(each) for each in items])
            columns = np.concatenate(items)
            looked = csr_matrix(
                (np.ones(len(columns), np.float32), (lines, columns)), (len(asked), width)
            )
            found, _ = model.recommend(
                np.arange(len(asked)),
                looked,
                N=100,
                recalculate_user=True,
                filter_already_liked_items=False,
            )
            self._found.update(zip(asked, found))

    def ranked(self, prefix: Sequence[int]) -> NDArray[np.integer]:
        return self._found[tuple(prefix)]

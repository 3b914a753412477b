"""What the served ranking is compared with: popularity, own frequency, item-kNN, `implicit`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bench.quality.scores import DEPTH
from bench.quality.shop import Shop

_SEED = 1
_NEAREST = 200
_SHRINKAGE = 10.0
_ITEMS_AT_ONCE = 512


class RivalMissingError(Exception):
    """An optional package is not installed, so that this rival is left out."""


class Popularity:
    """Ranks by how many persons bought."""

    name = "popularity"

    def __init__(self, shop: Shop) -> None:
        self._bought = shop.bought()
        self._order = order_of_popularity(shop)

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        own = self._bought.get(person_id)
        if not novel or own is None:
            return self._order[:DEPTH]
        first = self._order[: DEPTH + len(own)]
        return first[~np.isin(first, own)][:DEPTH]


class OwnFrequency:
    """Ranks by how often the person bought it, equals by popularity; the rest by popularity."""

    name = "own_frequency"

    def __init__(self, shop: Shop) -> None:
        self._popularity = order_of_popularity(shop)
        place = np.empty(len(self._popularity) + 1, np.int64)
        place[self._popularity] = np.arange(len(self._popularity))
        lines = shop.lines
        keys = np.stack((lines.persons, lines.offer_nos, shop.baskets), 1)
        pairs, baskets = np.unique(np.unique(keys, axis=0)[:, :2], axis=0, return_counts=True)
        order = np.lexsort((place[pairs[:, 1]], -baskets, pairs[:, 0]))
        numbers = pairs[order, 1]
        starts = pairs[order, 0].searchsorted(np.arange(len(lines.person_ids) + 1))
        self._own = {
            person_id: numbers[starts[at] : starts[at + 1]]
            for at, person_id in enumerate(lines.person_ids)
        }

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        own = self._own.get(person_id, self._popularity[:0])[:DEPTH]
        rest = self._popularity[: 2 * DEPTH]
        return np.concatenate((own, rest[~np.isin(rest, own)]))[:DEPTH]


class ItemKnn:
    """Adds up the shrunk cosines of an item with what the person bought.

    Of each item only its nearest others count (Deshpande and Karypis 2004).
    """

    name = "item_knn"

    def __init__(self, shop: Shop) -> None:
        lines = shop.lines
        self._bought = np.zeros((len(lines.person_ids), len(shop.texts.offer_nos)), np.float32)
        self._bought[lines.persons, lines.offer_nos.astype(np.int64) - 1] = 1.0
        self._nearest, self._cosines = _nearest(self._bought)
        self._place = {person_id: at for at, person_id in enumerate(lines.person_ids)}
        self._popularity = order_of_popularity(shop)

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        at = self._place.get(person_id)
        if at is None:
            return self._popularity[:DEPTH]
        own = self._bought[at]
        strength = (self._cosines * own[self._nearest]).sum(axis=0)
        if novel:
            strength[own > 0] = -1.0
        first: NDArray[np.int64] = (-strength).argsort(kind="stable")[:DEPTH]
        return first + 1


def _nearest(bought: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the nearest of each item, and how near; (k, items)."""
    norms, items = np.sqrt(bought.sum(axis=0)), bought.shape[1]
    kept = min(_NEAREST, items)
    nearest = np.zeros((kept, items), np.int64)
    cosines = np.zeros((kept, items), np.float32)
    for begin in range(0, items, _ITEMS_AT_ONCE):
        part = np.arange(begin, min(begin + _ITEMS_AT_ONCE, items))
        near = (bought.T @ bought[:, part]) / (np.outer(norms, norms[part]) + _SHRINKAGE)
        near[part, part - begin] = 0.0
        nearest[:, part] = (-near).argpartition(kept - 1, axis=0)[:kept]
        cosines[:, part] = np.take_along_axis(near, nearest[:, part], 0)
    return nearest, cosines


class ImplicitAls:
    """Alternating least squares of the package `implicit`, as it comes."""

    name = "implicit"

    def __init__(self, shop: Shop) -> None:
        """Raise RivalMissingError without the package."""
        try:
            from implicit.als import AlternatingLeastSquares
            from scipy.sparse import csr_matrix
        except ImportError as error:
            raise RivalMissingError(
                f'implicit is left out: {error}; pip install "touchpoint-server[quality]"'
            ) from error
        lines = shop.lines
        pairs = np.unique(np.stack((lines.persons, lines.offer_nos - 1), 1), axis=0)
        shape = (len(lines.person_ids), len(shop.texts.offer_nos))
        ones = np.ones(len(pairs), np.float32)
        self._matrix = csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=shape)
        self._model = AlternatingLeastSquares(random_state=_SEED)
        self._model.fit(self._matrix, show_progress=False)
        self._place = {person_id: at for at, person_id in enumerate(lines.person_ids)}
        self._popularity = order_of_popularity(shop)

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        at = self._place.get(person_id)
        if at is None:
            return self._popularity[:DEPTH]
        found, _ = self._model.recommend(
            at, self._matrix[at], N=DEPTH, filter_already_liked_items=novel
        )
        numbers: NDArray[np.integer] = found + 1
        return numbers


def order_of_popularity(shop: Shop) -> NDArray[np.int64]:
    """Return all numbers, those that most persons bought first."""
    pairs = np.unique(np.stack((shop.lines.offer_nos, shop.lines.persons), 1), axis=0)
    persons = np.bincount(pairs[:, 0], minlength=len(shop.texts.offer_nos) + 1)[1:]
    return np.argsort(-persons, kind="stable") + 1

"""Offers that are no items, placed among the items by what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.served_model import ServedModel, of_length_one

_NOTHING = 0.05
"""An offer about a bit of everything points nowhere."""


@dataclass(frozen=True, slots=True)
class OfferTastes:
    """The offers that are about something the model knows; columns of equal length."""

    offer_nos: NDArray[np.int64]
    units: NDArray[np.float32]
    """(o, d) of length 1: which way from the middle of all items an offer lies."""

    def nearest(
        self, unit: NDArray[np.float32], count: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the offers nearest to a taste of length 1, and their cosines."""
        if not len(self.offer_nos):
            return self.offer_nos, np.zeros(0, np.float32)
        cosines = self.units @ unit
        best = (-cosines).argsort(kind="stable")[:count]
        return self.offer_nos[best], cosines[best]


NO_OFFERS = OfferTastes(np.zeros(0, np.int64), np.zeros((0, 0), np.float32))


def offer_tastes(
    about: Mapping[int, tuple[Sequence[int], Sequence[int]]],
    model: ServedModel,
    category_no: NDArray[np.int32],
    ancestors: NDArray[np.int32],
) -> OfferTastes:
    """Place each offer at the mean of its items and of all items of its categories.

    `about` is by offer the families and the categories it is about, `category_no` by item the
    category, `ancestors` as in `Goods`. The middle of all items is taken away first: every taste
    is near it, so it would say nothing of any. An item counts the same however often it is bought.
    """
    known = model.items.offer_nos < len(category_no)
    vectors = model.item_units * known[:, np.newaxis]
    vectors[known] -= vectors[known].mean(axis=0) if known.any() else 0.0
    categories = category_no[model.items.offer_nos * known] * known
    sums, counts = _by_category(vectors, categories, ancestors)
    nos, means = [], []
    for offer_no, (families, under) in about.items():
        rows = model.rows_of_items(np.array(families, np.int64))
        rows = rows[rows >= 0]
        size = len(rows) + counts[list(under)].sum()
        mean = (vectors[rows].sum(axis=0) + sums[list(under)].sum(axis=0)) / max(size, 1)
        if np.linalg.norm(mean) > _NOTHING:
            nos.append(offer_no)
            means.append(mean)
    if not nos:
        return NO_OFFERS
    return OfferTastes(np.array(nos, np.int64), of_length_one(np.array(means, np.float32)))


def _by_category(
    vectors: NDArray[np.float32], categories: NDArray[np.int32], ancestors: NDArray[np.int32]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return per category the sum and the number of all vectors in it and below it."""
    sums = np.zeros((ancestors.shape[1], vectors.shape[1]), np.float32)
    counts = np.zeros(ancestors.shape[1], np.int64)
    for depth in ancestors:
        there = depth[categories]
        order = there.argsort(kind="stable")
        found, first = np.unique(there[order], return_index=True)
        sums[found] += np.add.reduceat(vectors[order], first, axis=0)
        counts += np.bincount(there, minlength=len(counts))
    sums[0], counts[0] = 0.0, 0
    return sums, counts

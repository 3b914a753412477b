"""Offers that are no items, placed among the items by what they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.served_model import ServedModel, of_length_one

_AT_ONCE = 65_536
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
    sums, counts, middle = _sums_by_category(model, category_no, ancestors)
    nos, means = [], []
    for offer_no, (families, under) in about.items():
        rows = model.rows_of_items(np.array(families, np.int64))
        rows = rows[rows >= 0]
        size = len(rows) + int(counts[list(under)].sum())
        summed = _units(model, rows).sum(axis=0) + sums[list(under)].sum(axis=0)
        mean = summed / max(size, 1) - (middle if size else 0.0)
        if np.linalg.norm(mean) > _NOTHING:
            nos.append(offer_no)
            means.append(mean)
    if not nos:
        return NO_OFFERS
    return OfferTastes(np.array(nos, np.int64), of_length_one(np.array(means, np.float32)))


def _units(model: ServedModel, rows: slice | NDArray[np.int64]) -> NDArray[np.float32]:
    return model.items.factors[rows] * model.item_scales[rows, np.newaxis]


def _sums_by_category(
    model: ServedModel, category_no: NDArray[np.int32], ancestors: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return per category the sum and the number of all items in it and below it, and their middle.

    Part by part: copies of all vectors would take their memory several times.
    """
    size, width = ancestors.shape[1], model.items.factors.shape[1]
    own, own_counts = np.zeros((size, width)), np.zeros(size, np.int64)
    for begin in range(0, len(model.items.offer_nos), _AT_ONCE):
        rows = slice(begin, begin + _AT_ONCE)
        nos = model.items.offer_nos[rows]
        categories = np.where(
            nos < len(category_no), category_no[nos * (nos < len(category_no))], 0
        )
        order = categories.argsort(kind="stable")
        found, first = np.unique(categories[order], return_index=True)
        own[found] += np.add.reduceat(_units(model, rows)[order], first, axis=0)
        own_counts += np.bincount(categories, minlength=size)
    middle = own.sum(axis=0) / max(int(own_counts.sum()), 1)
    sums, counts = np.zeros_like(own), np.zeros_like(own_counts)
    for depth in ancestors:
        np.add.at(sums, depth, own)
        np.add.at(counts, depth, own_counts)
    sums[0], counts[0] = 0.0, 0
    return sums, counts, middle

"""How each category's share of what is bought goes up and down over the year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, SeasonModel, rows_among
from services.retrieval.domain.learning.terms import ItemTexts, numbered

FORTNIGHTS = 26
_YEAR_DAYS = 365.2425
_LEAST_DAYS = 364
"""A shop that has sold for less than a year shows no season."""
_EDGE_DAYS = 60
"""What was not sold so long at the beginning and is at the end came into the range: that it sells
more now is no season."""
_STILL_SOLD = 0.5
"""At the end, beside the time since it was first sold."""
_PRIOR = 20.0
"""Purchases of a category as in the whole year that are added to those of a fortnight."""
_SMOOTHED = (0.25, 0.5, 0.25)
_LEAST, _MOST = 0.25, 4.0
_DAY_US = 86_400_000_000


def fortnight_of(time_us: NDArray[np.int64] | int) -> NDArray[np.int64]:
    """Return the fortnight of the year of a moment, 0 to 25."""
    share = (np.asarray(time_us) / _DAY_US % _YEAR_DAYS) / _YEAR_DAYS
    return np.minimum((share * FORTNIGHTS).astype(np.int64), FORTNIGHTS - 1)


def learned_seasons(interactions: Interactions, texts: ItemTexts) -> SeasonModel:
    """Learn the factors of leaf categories from their share of the purchases of each fortnight.

    A share, so that it does not matter when the whole shop sells more.
    """
    bought = interactions.only(interactions.are_purchases)
    order = np.argsort(texts.offer_nos, kind="stable")
    at = rows_among(texts.offer_nos[order], bought.offer_nos)
    bought, at = bought.only(at != NOT_LEARNED), at[at != NOT_LEARNED]
    if not len(at) or np.ptp(bought.times_us) < _LEAST_DAYS * _DAY_US:
        return SeasonModel.none()
    numbers, paths = numbered(texts.categories)
    leaves, fortnights = numbers[order[at]], fortnight_of(bought.times_us)
    shape = (len(paths), FORTNIGHTS)
    cells = np.bincount(leaves * FORTNIGHTS + fortnights, minlength=shape[0] * shape[1])
    sold = _smoothed(cells.reshape(shape).astype(np.float64))
    whole = sold.sum(axis=0)
    usual = np.multiply.outer(sold.sum(axis=1) / whole.sum(), whole)
    factors = np.clip((sold + _PRIOR) / (usual + _PRIOR), _LEAST, _MOST)
    factors[:, whole <= 0.0] = 1.0
    is_known = ~_are_new(leaves, bought.times_us, len(paths))
    is_known[0] = False  # without a category
    kept = sorted(is_known.nonzero()[0].tolist(), key=lambda number: paths[number])
    return SeasonModel(tuple(paths[each] for each in kept), factors[kept].astype(np.float32))


def _are_new(
    leaves: NDArray[np.int64], times_us: NDArray[np.int64], count: int
) -> NDArray[np.bool_]:
    """Return which categories came into the range while the others were sold already."""
    begin_us, end_us = int(times_us.min()), int(times_us.max())
    edge_us = _EDGE_DAYS * _DAY_US
    first_us = np.full(count, end_us)
    np.minimum.at(first_us, leaves, times_us)
    sold = np.bincount(leaves, minlength=count)
    at_the_end = np.bincount(leaves[times_us > end_us - edge_us], minlength=count)
    usual = sold * edge_us / np.maximum(end_us - first_us, edge_us)
    still: NDArray[np.bool_] = at_the_end >= _STILL_SOLD * usual
    return still & (first_us > begin_us + edge_us)


def _smoothed(sold: NDArray[np.float64]) -> NDArray[np.float64]:
    before, now, after = _SMOOTHED
    return before * np.roll(sold, 1, axis=1) + now * sold + after * np.roll(sold, -1, axis=1)

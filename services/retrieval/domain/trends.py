"""What is bought more and more: the last days beside the same days of the weeks before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.crowds import LATELY_HALF_LIFE_US, Taken
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.popularity import HALF_LIFE_US, Popularity, SoldByDay
from services.retrieval.domain.season import Season
from services.retrieval.domain.served_model import ServedModel
from shared.catalogue import Catalogue

LATELY_DAYS = 3
_WEEKS = 3
"""Weeks before, of which the same days are what is usual: people buy otherwise on Saturdays."""
_FEWEST_WEEKS = 2
"""A shop that has sold for a shorter time has no usual yet."""
FEWEST_BOUGHT = 5
_PRIOR = 5.0
"""Purchases as many as usual that are added to both: a few more of a rare thing prove little."""
_SURELY = 1.28
"""Standard deviations that are taken off: nine in ten such things do rise."""
_LEAST_RATIO = 1.5
_MOST = 500
_WARM = 0.5
"""Of what a crowd took lately, what has cooled down below cannot rise there."""
_EVEN_SHARE = LATELY_HALF_LIFE_US / HALF_LIFE_US
_EVERY_S = 10.0
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Rising:
    """Families that are bought more than usual, the steepest first, as columns of equal length."""

    family_nos: NDArray[np.uint32]
    counts: NDArray[np.uint32]
    """Purchases today and on the two days before."""
    usual: NDArray[np.uint32]
    """What they were on such days of the weeks before, up to this time of the day; rounded."""
    ratios: NDArray[np.float64]
    """How many times more than usual, at the least, beside the growth of the whole shop."""


_NONE = np.zeros(0, np.uint32)
NOTHING_RISES = Rising(_NONE, _NONE, _NONE, np.zeros(0))


def rising(sold: SoldByDay, family_no: NDArray[np.uint32], now_us: int) -> Rising:
    """Return what rises; `family_no` is the catalogue's column.

    The ratio of two Poisson rates under a Gamma prior around 1, its lower bound.
    """
    found = _by_family(sold, family_no, now_us)
    if found is None:
        return NOTHING_RISES
    families, lately, usual = found
    ratios = _ratios(lately, usual, (float(lately.sum()), float(usual.sum())))
    at = _steepest(lately, ratios)
    return Rising(
        families[at].astype(np.uint32),
        lately[at].astype(np.uint32),
        np.round(usual[at]).astype(np.uint32),
        ratios[at],
    )


def rising_in_crowd(ever: Taken, lately: Taken, family_no: NDArray[np.uint32]) -> Rising:
    """Return what a crowd takes more than usual, by sums that fade fast and sums that fade slowly.

    They are no counts of anything that could be told, so the columns of counts are 0.
    """
    nos, heat = lately
    warm = (heat >= _WARM) & (nos < len(family_no))
    families, at = np.unique(family_no[nos[warm]], return_inverse=True)
    late = np.bincount(at, heat[warm], len(families)).astype(np.float64)
    ever_nos, ever_heat = ever
    known = ever_nos < len(family_no)
    place = rows_among(families, family_no[ever_nos[known]])
    is_warm = place != NOT_LEARNED
    whole = np.bincount(place[is_warm], ever_heat[known][is_warm], len(families))
    # Of an even stream the one sum holds so much of the other.
    usual = _EVEN_SHARE * whole.astype(np.float64)
    sums = float(heat.sum()), _EVEN_SHARE * float(ever_heat.sum())
    ratios = _ratios(late, usual, sums)
    best = _steepest(late, ratios)
    none = np.zeros(len(best), np.uint32)
    return Rising(families[best].astype(np.uint32), none, none, ratios[best])


def _ratios(
    lately: NDArray[np.float64], usual: NDArray[np.float64], sums: tuple[float, float]
) -> NDArray[np.float64]:
    """Return how surely each rises; `sums` are those of everything, lately and usually."""
    # Of all the others: in a small shop one thing would be much of the growth itself.
    others = (sums[0] - lately + _PRIOR) / (sums[1] - usual + _PRIOR)
    growth = np.maximum(others, 1.0)
    surely = lately + _PRIOR - _SURELY * np.sqrt(lately + _PRIOR)
    ratios: NDArray[np.float64] = surely / (growth * usual + _PRIOR)
    return ratios


def _steepest(lately: NDArray[np.float64], ratios: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the places of what surely rises, the steepest first."""
    at = ((lately >= FEWEST_BOUGHT) & (ratios >= _LEAST_RATIO)).nonzero()[0]
    steepest: NDArray[np.int64] = at[(-ratios[at]).argsort(kind="stable")[:_MOST]]
    return steepest


def _by_family(
    sold: SoldByDay, family_no: NDArray[np.uint32], now_us: int
) -> tuple[NDArray[np.uint32], NDArray[np.float64], NDArray[np.float64]] | None:
    """Return families with what was bought of them lately, and usually; None without a usual."""
    today, elapsed = divmod(now_us, _DAY_US)
    whole_days = range(today - LATELY_DAYS + 1, today)
    weeks = [week for week in range(1, _WEEKS + 1) if sold.first_day <= whole_days[0] - 7 * week]
    if len(weeks) < _FEWEST_WEEKS:
        return None
    lately = sold.sold_on([*whole_days, today]).astype(np.float64)
    on_whole_days = sold.sold_on([day - 7 * week for week in weeks for day in whole_days])
    same_day = sold.sold_on([today - 7 * week for week in weeks])
    usual = (on_whole_days + same_day * (elapsed / _DAY_US)) / len(weeks)
    nos = ((lately > 0.0) | (usual > 0.0)).nonzero()[0]
    nos = nos[nos < len(family_no)]
    families, at = np.unique(family_no[nos], return_inverse=True)
    sums = [np.bincount(at, column[nos]).astype(np.float64) for column in (lately, usual)]
    return families, sums[0], sums[1]


class Trends:
    """Owns what rises in the shop as of a few seconds ago, and what the season counts."""

    def __init__(
        self,
        catalogue: Catalogue,
        popularity: Callable[[], Popularity],
        now_us: Callable[[], int],
        model: Callable[[], ServedModel | None] = lambda: None,
    ) -> None:
        self._catalogue = catalogue
        self._season = Season(catalogue)
        self._model = model
        self._popularity = popularity
        self._now_us = now_us
        self.current = NOTHING_RISES
        self.season = np.ones(0)
        """By category number what this fortnight counts; without a year of purchases empty."""

    async def look(self) -> None:
        """Compare as of now, in a thread: of a million items that takes a tenth of a second."""
        model, now_us = self._model(), self._now_us()
        if model is not None:
            self.season = self._season.factors(model.learned.seasons, now_us)
        sold, family_no = self._popularity().by_day(), self._catalogue.family_no
        self.current = await asyncio.to_thread(rising, sold, family_no, now_us)

    async def run(self) -> None:
        """Look for ever; a background task of the service."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)

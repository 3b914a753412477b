"""How persons and items go on buying: dates of each pair, shopping days, and how demand moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.pairs import Pairs

DATES = ("times", "since", "oldest", "last gap")
TRIPS = ("days 21 d", "days 84 d", "days 280 d", "days", "since", "again")
DEMAND = ("sooner", "lately", "again", "new 14 d", "new 42 d", "age", "days 84 d")
_TRIP_HALF_LIVES_DAYS = (21.0, 84.0, 280.0)
_SOON_DAYS = 28
_LIKE_ALL = 5.0
"""Purchases as of everything that are added to those of one item or person."""
_WEEK, _MONTH, _SEASON, _YEAR = 7.0, 21.0, 84.0, 280.0


@dataclass(frozen=True, slots=True)
class Days:
    """Days on which pairs were bought, each once; ascending by pair, then the newest first."""

    places: NDArray[np.int64]
    ago: NDArray[np.int64]


def dates(days: Days, pair_count: int) -> NDArray[np.float32]:
    """Return (pairs, DATES) in days; 0 for what was never bought."""
    counts = np.bincount(days.places, minlength=pair_count)
    starts = np.concatenate(([0], counts.cumsum()))[:-1]
    found = np.zeros((pair_count, len(DATES)), np.float32)
    bought, often = (counts > 0).nonzero()[0], (counts > 1).nonzero()[0]
    found[:, 0] = counts
    found[bought, 1] = days.ago[starts[bought]]
    found[bought, 2] = days.ago[starts[bought] + counts[bought] - 1]
    found[often, 3] = days.ago[starts[often] + 1] - days.ago[starts[often]]
    return found


def trips(days: Days, taste: Pairs) -> NDArray[np.float32]:
    """Return (persons, TRIPS): days on which each bought anything, decayed and counted.

    `again` is the share of purchases that are followed by another one of the same thing soon.
    """
    count = taste.person_count
    width = int(days.ago.max(initial=0)) + 1
    once = np.unique(taste.persons[days.places] * width + days.ago)
    persons, ago = once // width, once % width
    found = np.zeros((count, len(TRIPS)), np.float32)
    for at, half_life in enumerate(_TRIP_HALF_LIVES_DAYS):
        found[:, at] = np.bincount(persons, np.exp2(-ago / half_life), count)
    found[:, 3] = np.bincount(persons, minlength=count)
    since = np.full(count, width)
    np.minimum.at(since, persons, ago)
    found[:, 4] = since
    found[:, 5] = _again(days, taste.persons[days.places], count)
    return found


def demand(days: Days, taste: Pairs) -> NDArray[np.float32]:
    """Return (rows, DEMAND): whether an item is bought more of late, again, and by new persons."""
    rows, count = taste.rows[days.places], taste.row_count
    is_first = np.append(days.places[1:] != days.places[:-1], True)[: len(rows)]
    week, month, season, year = (
        np.bincount(rows, np.exp2(-days.ago / half_life), count)
        for half_life in (_WEEK, _MONTH, _SEASON, _YEAR)
    )
    new = [
        np.bincount(rows[is_first], np.exp2(-days.ago[is_first] / half_life), count)
        for half_life in (14.0, 42.0)
    ]
    oldest = np.zeros(count)
    np.maximum.at(oldest, rows, days.ago)
    columns = (
        np.log((week / _WEEK + 0.01) / (season / _SEASON + 0.01)),
        np.log((month / _MONTH + 0.01) / (year / _YEAR + 0.01)),
        np.log(_again(days, rows, count) + 1e-3),
        *(np.log(each + 0.3) for each in new),
        np.log1p(oldest),
        season,
    )
    return np.stack(columns, 1).astype(np.float32)


def _again(days: Days, of: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Return, by person or row, how often a purchase is followed by the same one soon."""
    newer = np.full(len(days.ago), np.iinfo(np.int64).max)
    same = (days.places[1:] == days.places[:-1]).nonzero()[0] + 1
    newer[same] = days.ago[same] - days.ago[same - 1]
    is_past = days.ago >= _SOON_DAYS
    followed = np.bincount(of[is_past], newer[is_past] <= _SOON_DAYS, count)
    all_of_it = np.bincount(of[is_past], minlength=count)
    usual = followed.sum() / max(all_of_it.sum(), 1)
    share: NDArray[np.float64] = (followed + _LIKE_ALL * usual) / (all_of_it + _LIKE_ALL)
    return share

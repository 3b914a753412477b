"""Interactions made ready to be learned from: pairs, habits and heat as of a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.pairs import Pairs, summed
from services.retrieval.domain.learning.signals import HABIT_HALF_LIVES_DAYS

DAY_US = 86_400_000_000
HEAT_HALF_LIFE_DAYS = 14.0
_TASTE_HALF_LIFE_DAYS = 84.0
_LEAST_TASTE = 0.3
"""What stays of an old purchase, beside 1 of a fresh one, for what it says about taste."""
_MOST_ITEMS = 50_000
_FEWEST_PERSONS = 2


@dataclass(frozen=True, slots=True)
class History:
    """What was known at a moment; all columns of pairs are those of `taste`."""

    person_ids: tuple[str, ...]
    offer_nos: NDArray[np.uint32]
    """Ascending: what `taste.rows` are places in."""
    taste: Pairs
    """Every pair, weighed by how strong and how fresh it is."""
    bought: NDArray[np.bool_]
    """Which pairs are purchases."""
    habits: NDArray[np.float32]
    """(pairs, 3) days of purchase, decayed."""
    heat: NDArray[np.float32]
    """(rows,) persons who bought it, decayed since they last did."""
    repeats: NDArray[np.float32]
    """(rows,) days of purchase per buyer."""

    @property
    def purchases(self) -> Pairs:
        return self.taste.only(self.bought)


def history_until(interactions: Interactions, now_us: int) -> History:
    """Return the history before a moment, of the items that at least two persons dealt with."""
    past = interactions.only(interactions.times_us < now_us)
    offer_nos = _learnable(past)
    rows = rows_among(offer_nos, past.offer_nos)
    past, rows = past.only(rows != NOT_LEARNED), rows[rows != NOT_LEARNED]
    shape = (len(past.person_ids), len(offer_nos))
    ages = (now_us - past.times_us) / DAY_US
    fresh = past.weights * np.exp2(-ages / _TASTE_HALF_LIFE_DAYS)
    recency = summed(shape, past.persons, rows, fresh)
    strongest = _strongest(recency, past, rows)
    floor = _LEAST_TASTE * np.minimum(strongest, 1.0)
    weights = (floor + np.log1p(recency.weights)).astype(np.float32)
    taste = Pairs(*shape, recency.persons, recency.rows, weights)
    habits = _habits(taste, past, rows, ages)
    bought = habits[:, -1] > 0
    buyers = np.bincount(taste.rows[bought], minlength=len(offer_nos))
    heat, days = _lately(taste, past, rows, ages)
    return History(
        person_ids=past.person_ids,
        offer_nos=offer_nos,
        taste=taste,
        bought=bought,
        habits=habits,
        heat=heat,
        repeats=(np.maximum(days, 1) / np.maximum(buyers, 1)).astype(np.float32),
    )


def _learnable(past: Interactions) -> NDArray[np.uint32]:
    """Return the items that enough persons dealt with, at most the 50,000 most wanted."""
    size = int(past.offer_nos.max(initial=0)) + 1
    pairs = np.unique(past.persons.astype(np.int64) * size + past.offer_nos)
    persons = np.bincount(pairs % size, minlength=size)
    wanted = np.flatnonzero(persons >= _FEWEST_PERSONS)
    most = wanted[np.argsort(-persons[wanted], kind="stable")[:_MOST_ITEMS]]
    return np.sort(most).astype(np.uint32)


def _places(
    taste: Pairs, persons: NDArray[np.integer], rows: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the place among the pairs of each event."""
    width = max(taste.row_count, 1)
    keys = taste.persons * width + taste.rows
    return keys.searchsorted(persons.astype(np.int64) * width + rows).astype(np.int64)


def _strongest(pairs: Pairs, past: Interactions, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return the greatest weight of an event of each pair, as it was when it happened."""
    strongest = np.zeros(len(pairs), np.float32)
    np.maximum.at(strongest, _places(pairs, past.persons, rows), past.weights)
    return strongest


def _habits(
    taste: Pairs, past: Interactions, rows: NDArray[np.int64], ages: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return days of purchase by pair, decayed by each half-life; two of one day are one."""
    bought = past.are_purchases
    places = _places(taste, past.persons[bought], rows[bought])
    days = ages[bought].astype(np.int64)
    most = int(days.max(initial=0)) + 1
    once = np.unique(places * most + days)
    places, days = once // most, once % most
    decayed = [
        np.bincount(places, np.exp2(-days / half_life), minlength=len(taste))
        for half_life in HABIT_HALF_LIVES_DAYS
    ]
    return np.stack(decayed, 1).astype(np.float32)


def _lately(
    taste: Pairs, past: Interactions, rows: NDArray[np.int64], ages: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return, by row, persons decayed since they last bought it, and days of purchase."""
    bought = past.are_purchases
    places = _places(taste, past.persons[bought], rows[bought])
    youngest = np.full(len(taste), np.inf)
    np.minimum.at(youngest, places, ages[bought])
    decayed = np.exp2(-youngest / HEAT_HALF_LIFE_DAYS)
    heat = np.bincount(taste.rows, decayed, minlength=taste.row_count)
    most = int(ages.max(initial=0)) + 1
    once = np.unique(places * most + ages[bought].astype(np.int64)) // most
    days = np.bincount(taste.rows[once], minlength=taste.row_count)
    return heat.astype(np.float32), days.astype(np.int64)

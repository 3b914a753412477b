"""The last part of the log, held back to see how good what is learned from the rest would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.history import DAY_US, History, history_until
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.pairs import Pairs, summed

_SHARE = 0.15
_MOST_DAYS = 42.0
_MOST_PERSONS = 800
_FEWEST_PERSONS = 20
"""With fewer, a difference between two settings is chance."""


@dataclass(frozen=True, slots=True)
class Validation:
    """What was known before, and what a sample of the persons known then did next."""

    past: History
    persons: NDArray[np.int64]
    later: Pairs
    """Lines are places in `persons`; rows those of `past`."""

    @property
    def suffices(self) -> bool:
        return len(self.persons) >= _FEWEST_PERSONS

    def novel(self) -> Pairs:
        """Return what of `later` a person had not dealt with before."""
        width = max(self.past.taste.row_count, 1)
        known = self.past.taste.persons * width + self.past.taste.rows
        wanted = self.persons[self.later.persons] * width + self.later.rows
        return self.later.only(~np.isin(wanted, known))


def held_back(interactions: Interactions, seed: int) -> Validation:
    """Hold back the last 15% of the time, at most six weeks."""
    times = interactions.times_us
    first, last = int(times.min()), int(times.max())
    held_us = min(_SHARE * (last - first), _MOST_DAYS * DAY_US)
    cut_us = last - int(held_us)
    past = history_until(interactions, cut_us)
    later = interactions.only((times >= cut_us) & _tells(interactions, cut_us))
    rows = rows_among(past.offer_nos, later.offer_nos)
    known = np.diff(past.taste.starts) > 0
    kept = (rows != NOT_LEARNED) & known[later.persons]
    pairs = summed(
        (len(past.person_ids), len(past.offer_nos)),
        later.persons[kept],
        rows[kept],
        later.weights[kept],
    )
    persons = _sample(np.unique(pairs.persons), seed)
    chosen = pairs.only(np.isin(pairs.persons, persons))
    lines = persons.searchsorted(chosen.persons)
    shape = (len(persons), pairs.row_count)
    return Validation(past, persons, Pairs(*shape, lines, chosen.rows, chosen.weights))


def _tells(interactions: Interactions, cut_us: int) -> NDArray[np.bool_]:
    """Return which events are answers: purchases, or anything where nothing is bought yet."""
    bought = interactions.are_purchases
    if (bought & (interactions.times_us >= cut_us)).any():
        return bought
    return np.ones(len(bought), np.bool_)


def _sample(persons: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    if len(persons) <= _MOST_PERSONS:
        return persons
    return np.sort(np.random.default_rng(seed).choice(persons, _MOST_PERSONS, replace=False))

"""The last part of the log, held back to see how good what is learned from the rest would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.apart import FEWEST_JUDGED, are_judged
from services.retrieval.domain.learning.history import DAY_US, History, history_until
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.pairs import Pairs, summed

_SHARE = 0.15
_MOST_DAYS = 28.0
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
    cut_us: int
    """When what is held back begins."""
    keeps_apart: bool
    """Those by whom models are judged are none of `persons`; not where they would be too few."""

    @property
    def suffices(self) -> bool:
        return len(self.persons) >= _FEWEST_PERSONS

    def novel(self) -> Pairs:
        """Return what of `later` a person had not dealt with before."""
        width = max(self.past.taste.row_count, 1)
        known = self.past.taste.persons * width + self.past.taste.rows
        wanted = self.persons[self.later.persons] * width + self.later.rows
        return self.later.only(~np.isin(wanted, known))


def held_back(
    interactions: Interactions,
    seed: int,
    most_persons: int = _MOST_PERSONS,
    *,
    keeps_apart: bool | None = None,
) -> Validation:
    """Hold back the last 15% of the time, at most four weeks.

    Whether those who are judged are kept apart is decided by how many there are, unless told.
    """
    times = interactions.times_us
    first, last = int(times.min()), int(times.max())
    held_us = min(_SHARE * (last - first), _MOST_DAYS * DAY_US)
    cut_us = last - int(held_us)
    answers = _answers(history_until(interactions, cut_us), interactions, cut_us)
    return _of_some(answers, most_persons, seed, keeps_apart)


def of_more_persons(
    validation: Validation, interactions: Interactions, most_persons: int, seed: int
) -> Validation:
    """Return the same part held back, and what so many of all persons did then."""
    answers = _answers(validation.past, interactions, validation.cut_us)
    return _of_some(answers, most_persons, seed, keeps_apart=False)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What all persons who were known did next."""

    past: History
    later: Pairs
    """Lines are places in `past.person_ids`."""
    cut_us: int


def _answers(past: History, interactions: Interactions, cut_us: int) -> _Answers:
    later = interactions.only((interactions.times_us >= cut_us) & _tells(interactions, cut_us))
    rows = rows_among(past.offer_nos, later.offer_nos)
    known = np.diff(past.taste.starts) > 0
    kept = (rows != NOT_LEARNED) & known[later.persons]
    pairs = summed(
        (len(past.person_ids), len(past.offer_nos)),
        later.persons[kept],
        rows[kept],
        later.weights[kept],
    )
    return _Answers(past, pairs, cut_us)


def _of_some(answers: _Answers, most: int, seed: int, keeps_apart: bool | None) -> Validation:
    """Take the answers of a sample, where it `keeps_apart` of those by whom no model is judged."""
    past, pairs = answers.past, answers.later
    persons = np.unique(pairs.persons)
    judged = are_judged([past.person_ids[person] for person in persons.tolist()])
    if keeps_apart is None:
        keeps_apart = bool(judged.sum() >= FEWEST_JUDGED)
    persons = _sample(persons[~judged] if keeps_apart else persons, most, seed)
    chosen = pairs.only(np.isin(pairs.persons, persons))
    lines = persons.searchsorted(chosen.persons)
    later = Pairs(len(persons), pairs.row_count, lines, chosen.rows, chosen.weights)
    return Validation(past, persons, later, answers.cut_us, keeps_apart)


def _tells(interactions: Interactions, cut_us: int) -> NDArray[np.bool_]:
    """Return which events are answers: purchases, or anything where nothing is bought yet."""
    bought = interactions.are_purchases
    if (bought & (interactions.times_us >= cut_us)).any():
        return bought
    return np.ones(len(bought), np.bool_)


def _sample(persons: NDArray[np.int64], most: int, seed: int) -> NDArray[np.int64]:
    if len(persons) <= most:
        return persons
    return np.sort(np.random.default_rng(seed).choice(persons, most, replace=False))

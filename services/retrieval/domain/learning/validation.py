"""The last part of the log, held back to see how good what is learned from the rest would be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.history import DAY_US, History, history_until
from services.retrieval.domain.learning.ials import Factors
from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.pairs import Pairs, summed
from services.retrieval.domain.learning.scoring import DEPTH, ndcg

_SHARE = 0.15
_MOST_DAYS = 42.0
_MOST_PERSONS = 1_000
_AT_ONCE = 128
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

    def novel_ndcg(self, factors: Factors) -> float:
        """Return NDCG@10 over all items that were new to a person, mean over persons."""
        truth = self.novel()
        starts = truth.starts
        found = []
        for lines in np.array_split(
            np.arange(len(self.persons)), len(self.persons) // _AT_ONCE + 1
        ):
            top = _top(self._novel_scores(factors, lines))
            for line, first in zip(lines.tolist(), top, strict=True):
                wanted = truth.rows[starts[line] : starts[line + 1]]
                if len(wanted):
                    found.append(ndcg((first[:, None] == wanted).any(axis=1), len(wanted)))
        return float(np.mean(found)) if found else 0.0

    def _novel_scores(self, factors: Factors, lines: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return (lines, rows); what a person dealt with is -inf."""
        persons = self.persons[lines]
        scores: NDArray[np.float32] = factors.persons[persons] @ factors.rows.T
        starts = self.past.taste.starts
        for line, person in enumerate(persons.tolist()):
            scores[line, self.past.taste.rows[starts[person] : starts[person + 1]]] = -np.inf
        return scores


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


def _top(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the places of the ten highest of each line, highest first."""
    count = min(DEPTH, scores.shape[1])
    best = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    return np.take_along_axis(best, order, 1)

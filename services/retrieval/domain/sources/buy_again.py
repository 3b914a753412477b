"""BUY_AGAIN: what this person buys again and again, once it is nearly due."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Person, Proposals, Query

HABIT_TIMES = 3
"""Bought as often as this, it is a habit even where no cycle is known."""
DUE_SHARE = 0.7
"""It is due once this share of the cycle has passed."""
_LAPSING_CYCLES = 2.0
"""After so many cycles the habit begins to fade."""
_FADING_CYCLES = 3.0
_MANY_TIMES = 10.0
_MINUTES_PER_DAY = 1440.0
_US_PER_MINUTE = 60_000_000


class BuyAgain:
    """Reads the person's own purchases."""

    is_personal = True

    def propose(self, query: Query) -> Proposals:
        person = query.person
        if person is None or not query.wants_items or not len(person.owned_family_nos):
            return NO_PROPOSALS
        due, cycles = _due(person, query.now_us)
        nos = query.shelf.representatives(person.owned_family_nos[due])
        shown = query.showable[nos]
        nos, due, cycles = nos[shown], due[shown], cycles[shown]
        times = person.times_bought[due]
        scores = _scores(times, cycles)
        best = np.argsort(-scores, kind="stable")[: query.limit]
        return Proposals.of(nos[best], scores[best], 0, times[best].astype(np.uint32))


def _due(person: Person, now_us: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return places of families that are due, with how many cycles ago each was last bought."""
    again = np.flatnonzero((person.cycle_days > 0.0) | (person.times_bought >= HABIT_TIMES))
    days = (now_us // _US_PER_MINUTE - person.bought_minutes[again]) / _MINUTES_PER_DAY
    cycle_days = person.cycle_days[again]
    cycles = np.divide(days, cycle_days, out=np.ones(len(again)), where=cycle_days > 0.0)
    due = cycles >= DUE_SHARE
    return again[due], cycles[due]


def _scores(times: NDArray[np.int64], cycles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 to 1: half how strong the habit is, half how due it is."""
    habit = np.minimum(times / _MANY_TIMES, 1.0)
    fading = np.exp(-np.maximum(cycles - _LAPSING_CYCLES, 0.0) / _FADING_CYCLES)
    scores: NDArray[np.float64] = 0.5 * habit + 0.5 * np.minimum(cycles, 1.0) * fading
    return scores

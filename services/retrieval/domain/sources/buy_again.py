"""BUY_AGAIN: what this person buys again and again, once it is nearly due."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.query import NO_PROPOSALS, Person, Proposals, Query
from shared.catalogue import Catalogue

DUE_SHARE = 0.7
"""It is due once this share of the cycle has passed."""
HABIT_TIMES = 2
"""What is used up and was bought as often as this is bought again, even where no cycle is known."""
REST_DAYS = 3.0
"""Without a cycle it is due after this."""
_LAPSING_CYCLES = 2.0
"""After so many cycles the habit begins to fade."""
_FADING_CYCLES = 3.0
_MANY_TIMES = 10.0
_MINUTES_PER_DAY = 1440.0
_US_PER_MINUTE = 60_000_000
_NONE = np.zeros(0)


class BuyAgain:
    """Reads the person's own purchases; rules removes by the same measure what is not due."""

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        person = query.person
        if person is None or not query.wants_items or not len(person.owned_family_nos):
            return NO_PROPOSALS
        due, cycles = self._due(person, query.now_us)
        if not len(due):
            return NO_PROPOSALS
        nos = query.shelf.representatives(person.owned_family_nos[due])
        shown = query.showable[nos]
        nos, due, cycles = nos[shown], due[shown], cycles[shown]
        times = person.times_bought[due]
        scores = _scores(times, cycles)
        best = (-scores).argsort(kind="stable")[: query.limit]
        return Proposals.of(nos[best], scores[best], 0, times[best].astype(np.uint32))

    def _due(self, person: Person, now_us: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return places of families that are due, with how many cycles ago each was last bought."""
        habits = (person.times_bought >= HABIT_TIMES) & self._is_used_up(person.owned_family_nos)
        again = ((person.cycle_days > 0.0) | habits).nonzero()[0]
        if not len(again):
            return again, _NONE
        days = (now_us // _US_PER_MINUTE - person.bought_minutes[again]) / _MINUTES_PER_DAY
        cycle_days = person.cycle_days[again]
        has_cycle = cycle_days > 0.0
        cycles = np.divide(days, cycle_days, out=np.ones(len(again)), where=has_cycle)
        due = np.where(has_cycle, cycles >= DUE_SHARE, days >= REST_DAYS)
        return again[due], cycles[due]

    def _is_used_up(self, family_nos: NDArray[np.uint32]) -> NDArray[np.bool_]:
        known = family_nos * (family_nos < self._catalogue.size)
        is_used_up: NDArray[np.bool_] = self._catalogue.is_consumable[known]
        return is_used_up


def _scores(times: NDArray[np.int64], cycles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 to 1: half how strong the habit is, half how due it is."""
    habit = np.minimum(times / _MANY_TIMES, 1.0)
    fading = np.exp(-np.maximum(cycles - _LAPSING_CYCLES, 0.0) / _FADING_CYCLES)
    scores: NDArray[np.float64] = 0.5 * habit + 0.5 * np.minimum(cycles, 1.0) * fading
    return scores

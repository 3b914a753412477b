"""BUY_AGAIN: what this person buys again and again, by what was learned or once it is due."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.model import NOT_LEARNED
from services.retrieval.domain.query import NO_PROPOSALS, Person, Proposals, Query, is_any_of
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.taste import Taste
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
_OF_RULE = 0.5
"""What the rule says beside what was learned."""
_LEAST_STANDING = 0.25
"""A habit: a twelfth as likely as the likeliest new thing of most persons. Where nobody buys the
same thing twice, as with television sets, what is owned stands far below."""
_MINUTES_PER_DAY = 1440.0
_US_PER_MINUTE = 60_000_000
_NONE = np.zeros(0)


class BuyAgain:
    """Reads the person's own purchases.

    A model says how likely each is bought again, as learned from what persons like this one did
    with things like these; what it cannot know yet, and all of a fresh shop, goes by the rule. By
    that rule alone rules removes what is not due, whatever a model says of it.
    """

    is_personal = True

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def propose(self, query: Query) -> Proposals:
        person = query.person
        if person is None or not query.wants_items or not len(person.owned_family_nos):
            return NO_PROPOSALS
        due, cycles = self._due(person, query.now_us)
        scores = np.zeros(len(person.owned_family_nos), np.float32)
        scores[due] = _scores(person.times_bought[due], cycles)
        if query.model is not None and query.taste is not None:
            scores *= _OF_RULE
            _learn(scores, query.model, query.taste, person)
        again = scores.nonzero()[0]
        if not len(again):
            return NO_PROPOSALS
        nos = query.shelf.representatives(person.owned_family_nos[again])
        shown = query.shows(nos)
        nos, again = nos[shown], again[shown]
        best = (-scores[again]).argsort(kind="stable")[: query.limit]
        again = again[best]
        times = person.times_bought[again].astype(np.uint32)
        return Proposals.of(nos[best], scores[again], 0, times)

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


def _learn(scores: NDArray[np.float32], model: ServedModel, taste: Taste, person: Person) -> None:
    """Score by what was learned whatever the model has seen bought, and was not bought since."""
    rows = model.rows_of_items(person.owned_family_nos)
    before = person.bought_minutes * _US_PER_MINUTE < model.items.trained_us
    places = (before & (rows != NOT_LEARNED)).nonzero()[0]
    bought = taste.known.rows[taste.known.habits[:, -1] > 0.0]
    places = places[is_any_of(rows[places], bought)]
    chances = model.blender.probabilities(taste.known, rows[places], taste.evidence)
    stands = model.standing(chances)
    scores[places] = np.where(stands >= _LEAST_STANDING, stands, 0.0)


def _scores(times: NDArray[np.int64], cycles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 0 to 1: half how strong the habit is, half how due it is."""
    habit = np.minimum(times / _MANY_TIMES, 1.0)
    fading = np.exp(-np.maximum(cycles - _LAPSING_CYCLES, 0.0) / _FADING_CYCLES)
    scores: NDArray[np.float64] = 0.5 * habit + 0.5 * np.minimum(cycles, 1.0) * fading
    return scores

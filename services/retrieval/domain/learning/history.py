"""Interactions made ready to be learned from: pairs, habits and heat as of a moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.interactions import Interactions
from services.retrieval.domain.learning.model import NOT_LEARNED, rows_among
from services.retrieval.domain.learning.pairs import Pairs
from services.retrieval.domain.learning.rhythm import Days, dates, demand, trips
from services.retrieval.domain.learning.signals import HABIT_HALF_LIVES_DAYS

DAY_US = 86_400_000_000
HEAT_HALF_LIFE_DAYS = 14.0
_TASTE_HALF_LIFE_DAYS = 84.0
_LEAST_TASTE = 0.3
"""What stays of an old purchase, beside 1 of a fresh one, for what it says about taste."""
_MOST_ITEMS = 1_000_000
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
    """(pairs, HABITS) dates of purchase, and its days decayed."""
    trips: NDArray[np.float32]
    """(persons, TRIPS)"""
    demand: NDArray[np.float32]
    """(rows, DEMAND)"""
    heat: NDArray[np.float32]
    """(rows,) persons who bought it, decayed since they last did."""
    repeats: NDArray[np.float32]
    """(rows,) days of purchase per buyer."""

    @property
    def purchases(self) -> Pairs:
        return self.taste.only(self.bought)


@dataclass(frozen=True, slots=True)
class _Events:
    """Events of items that can be learned, as columns of equal length."""

    places: NDArray[np.int64]
    """Of the pair of each."""
    ages: NDArray[np.float64]
    """Days."""
    weights: NDArray[np.float32]
    bought: NDArray[np.bool_]
    pair_count: int


def history_until(interactions: Interactions, now_us: int) -> History:
    """Return the history before a moment, of the items that at least two persons dealt with."""
    past = interactions.only(interactions.times_us < now_us)
    offer_nos = _learnable(past)
    rows = rows_among(offer_nos, past.offer_nos)
    past, rows = past.only(rows != NOT_LEARNED), rows[rows != NOT_LEARNED]
    shape = (len(past.person_ids), len(offer_nos))
    width = max(len(offer_nos), 1)
    cells, places = np.unique(past.persons.astype(np.int64) * width + rows, return_inverse=True)
    events = _Events(
        places=places.astype(np.int64),
        ages=(now_us - past.times_us) / DAY_US,
        weights=past.weights,
        bought=past.are_purchases,
        pair_count=len(cells),
    )
    days = _days_of_purchase(events)
    habits = _habits(days, events.pair_count)
    taste = Pairs(*shape, cells // width, cells % width, _taste_weights(events))
    bought = habits[:, -1] > 0
    buyers = np.bincount(taste.rows[bought], minlength=len(offer_nos))
    days_of_row = np.bincount(taste.rows[days.places], minlength=len(offer_nos))
    lately = np.bincount(taste.rows, _since_bought(events), minlength=len(offer_nos))
    return History(
        person_ids=past.person_ids,
        offer_nos=offer_nos,
        taste=taste,
        bought=bought,
        habits=np.concatenate((dates(days, events.pair_count), habits), 1),
        trips=trips(days, taste),
        demand=demand(days, taste),
        heat=lately.astype(np.float32),
        repeats=(np.maximum(days_of_row, 1) / np.maximum(buyers, 1)).astype(np.float32),
    )


def _learnable(past: Interactions) -> NDArray[np.uint32]:
    """Return the items that enough persons dealt with, at most the million most wanted."""
    size = int(past.offer_nos.max(initial=0)) + 1
    pairs = np.unique(past.persons.astype(np.int64) * size + past.offer_nos)
    persons = np.bincount(pairs % size, minlength=size)
    wanted = np.flatnonzero(persons >= _FEWEST_PERSONS)
    most = wanted[np.argsort(-persons[wanted], kind="stable")[:_MOST_ITEMS]]
    return np.sort(most).astype(np.uint32)


def _taste_weights(events: _Events) -> NDArray[np.float32]:
    """Return how strongly each pair tells of taste: a floor by its strongest event, and more."""
    strongest = np.zeros(events.pair_count, np.float32)
    np.maximum.at(strongest, events.places, events.weights)
    fresh = events.weights * np.exp2(-events.ages / _TASTE_HALF_LIFE_DAYS)
    summed = np.bincount(events.places, fresh, minlength=events.pair_count)
    return (_LEAST_TASTE * np.minimum(strongest, 1.0) + np.log1p(summed)).astype(np.float32)


def _days_of_purchase(events: _Events) -> Days:
    """Return the days on which a pair was bought: twice on one day is once."""
    days = events.ages[events.bought].astype(np.int64)
    most = int(days.max(initial=0)) + 1
    once = np.unique(events.places[events.bought] * most + days)
    return Days(once // most, once % most)


def _habits(days: Days, pair_count: int) -> NDArray[np.float32]:
    decayed = [
        np.bincount(days.places, np.exp2(-days.ago / half_life), minlength=pair_count)
        for half_life in HABIT_HALF_LIVES_DAYS
    ]
    return np.stack(decayed, 1).astype(np.float32)


def _since_bought(events: _Events) -> NDArray[np.float64]:
    """Return, by pair, 1 for what was just bought, decaying since; 0 if it never was."""
    youngest = np.full(events.pair_count, np.inf)
    np.minimum.at(youngest, events.places[events.bought], events.ages[events.bought])
    return np.exp2(-youngest / HEAT_HALF_LIFE_DAYS)

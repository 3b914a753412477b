"""What was looked at one after the other: clicks by visit, without a word of whose they were."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.interactions import Interactions

MOST_VISITS = 500_000
MOST_CLICKS = 3_000_000
"""The newest are kept: with them what is served takes some 100 MB at the most."""
MOST_OF_ONE = 50
"""Clicks of one visit that are kept, the last: who makes more of them is a robot or a shop."""
_PAUSE_US = 30 * 60 * 1_000_000
"""Without clicks for so long, a visit that nobody numbered is over."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits, the oldest first, as clicks one after the other."""

    offer_nos: NDArray[np.uint32]
    """(n,) ascending: what `rows` are places in."""
    starts: NDArray[np.int64]
    """(visits + 1,) where each one's clicks begin and the next one's."""
    rows: NDArray[np.int64]
    bought: NDArray[np.bool_]
    """By click: whether that was bought in the same visit."""
    looked: NDArray[np.bool_]
    """By click: whether it was looked at; else it was only bought, as by letter."""
    times_us: NDArray[np.int64]
    """By visit: its last click."""

    def __len__(self) -> int:
        return len(self.times_us)

    @property
    def visit_of(self) -> NDArray[np.int64]:
        """The visit of each click."""
        return np.arange(len(self)).repeat(np.diff(self.starts))

    def distinct(self) -> Visits:
        """Return each thing once a visit, where it was looked at last."""
        width = max(len(self.offer_nos), 1)
        keys = (self.visit_of * width + self.rows)[::-1]
        last = len(keys) - 1 - np.unique(keys, return_index=True)[1]
        return self._kept(np.sort(last))

    def between(self, first: int, end: int) -> Visits:
        """Return visits `first` to `end`."""
        begin, stop = self.starts[first], self.starts[end]
        return Visits(
            self.offer_nos,
            self.starts[first : end + 1] - begin,
            self.rows[begin:stop],
            self.bought[begin:stop],
            self.looked[begin:stop],
            self.times_us[first:end],
        )

    def _kept(self, clicks: NDArray[np.int64]) -> Visits:
        return Visits(
            self.offer_nos,
            clicks.searchsorted(self.starts),
            self.rows[clicks],
            self.bought[clicks],
            self.looked[clicks],
            self.times_us,
        )


def visits_of(interactions: Interactions) -> Visits:
    """Return the newest visits; what was bought outside one counts as one by its order.

    A purchase of what was looked at in the same visit is no click: it would change the sequence.
    """
    offer_nos, rows = np.unique(interactions.offer_nos, return_inverse=True)
    visits = _by_age(_numbered(interactions), interactions.times_us)
    order = np.lexsort((interactions.times_us, visits))
    visits, rows, times_us = visits[order], rows[order], interactions.times_us[order]
    is_purchase = interactions.are_purchases[order]
    keys = visits * max(len(offer_nos), 1) + rows
    bought = np.isin(keys, keys[is_purchase])
    is_click = ~is_purchase | ~np.isin(keys, keys[~is_purchase])
    is_click &= _are_newest(visits, is_click)
    visits, rows = visits[is_click], rows[is_click]
    counts = np.unique(visits, return_counts=True)[1]
    starts = np.concatenate(([0], counts.cumsum())).astype(np.int64)
    last = times_us[is_click][starts[1:] - 1]
    return Visits(
        offer_nos, starts, rows.astype(np.int64), bought[is_click], ~is_purchase[is_click], last
    )


def _numbered(interactions: Interactions) -> NDArray[np.int64]:
    """Return the visit of each event: its session, else its order, else by person and pauses."""
    numbers = np.zeros(len(interactions.times_us), np.int64)
    for column in (interactions.sessions, interactions.orders):
        if len(column):
            further = (numbers == 0) & (column > 0)
            numbers[further] = column[further] + int(numbers.max(initial=0))
    loose = (numbers == 0).nonzero()[0]
    persons, times_us = interactions.persons[loose], interactions.times_us[loose]
    order = np.lexsort((times_us, persons))
    begins = np.ones(len(loose), np.bool_)
    begins[1:] = np.diff(persons[order]) != 0
    begins[1:] |= np.diff(times_us[order]) > _PAUSE_US
    numbers[loose[order]] = int(numbers.max(initial=0)) + begins.cumsum()
    return numbers


def _by_age(numbers: NDArray[np.int64], times_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber visits from 0, the one that ended first coming first."""
    places = np.unique(numbers, return_inverse=True)[1]
    ends = np.full(int(places.max(initial=-1)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(ends, places, times_us)
    ages = np.empty(len(ends), np.int64)
    ages[np.argsort(ends, kind="stable")] = np.arange(len(ends))
    found: NDArray[np.int64] = ages[places]
    return found


def _are_newest(visits: NDArray[np.int64], is_click: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which events are among the last clicks of one of the last visits."""
    clicks = is_click.nonzero()[0]
    ends = visits[clicks].searchsorted(visits[clicks], "right")
    from_end = ends - np.arange(len(clicks))
    newest = (from_end <= MOST_OF_ONE) & (visits[clicks] > visits.max(initial=0) - MOST_VISITS)
    kept = clicks[newest][-MOST_CLICKS:]
    mask = np.zeros(len(visits), np.bool_)
    mask[kept] = True
    return mask

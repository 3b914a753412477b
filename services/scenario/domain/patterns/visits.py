"""Visits: what somebody does without 30 minutes of silence, how it ended and what was at stake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.scenario.domain.patterns.log import (
    DAY_US,
    PURCHASE,
    SILENCE_US,
    TOPICS,
    VISITING,
    Deeds,
    Flags,
    Log,
    Places,
    Wholes,
)

BOUGHT_WITHIN_US = DAY_US
"""Who buys so soon after a visit has not left by it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What was done: a type of event, in a category, on a page about something, at a placement."""

    type: str
    category: str = ""
    topic: str = ""
    placement: str = ""

    @property
    def words(self) -> str:
        """It as people read it: `view in PCs`, `page_view about shipping`, `click at web.cart`."""
        if self.category:
            return f"{self.type} in {self.category}"
        if self.topic:
            return f"{self.type} about {self.topic}"
        return f"{self.type} at {self.placement}" if self.placement else self.type


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits that are over, as columns of equal length, by person and time.

    Of each what was done before its first purchase; visits that begin with one are left out.
    """

    person: NDArray[np.int32]
    begin_us: Wholes
    end_us: Wholes
    """Of what was done before the purchase."""
    length: Wholes
    """Deeds."""
    has_left: Flags
    """Nothing was bought in it, nor within 24 h after."""
    worth_micros: Wholes
    """Of what lay in the cart at its end, else of what was looked at last; home currency."""
    offsets: Wholes
    """Where the deeds of each visit begin; one more than there are visits."""
    deeds: Deeds
    """Of all visits, one after the other."""

    def __len__(self) -> int:
        return len(self.person)


def visits_of(log: Log) -> Visits:
    """Return the visits of a log of which it is known how they ended."""
    log = log.ordered(*VISITING)
    deeds, is_purchase = log.deeds, log.are(PURCHASE)
    first = _first_of_visits(deeds)
    end = np.append(first[1:], len(deeds)) if len(first) else first
    next_purchase = _next(is_purchase)
    before = np.minimum(next_purchase[first], end) if len(first) else end
    last = np.maximum(before, first + 1) - 1
    buys = _buys_after(deeds, next_purchase, end, before)
    is_known = buys | (deeds.time_us[end - 1] + BOUGHT_WITHIN_US <= log.until_us)
    kept = np.flatnonzero((before > first) & is_known)
    first, before, last, buys = first[kept], before[kept], last[kept], buys[kept]
    lengths = before - first
    of_visits = deeds.picked(spans(first, lengths))
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    worth = _worth(log.having(of_visits), np.repeat(np.arange(len(kept)), lengths), len(kept))
    return Visits(
        deeds.person[first],
        deeds.time_us[first],
        deeds.time_us[last],
        lengths.astype(np.int64),
        ~buys,
        worth,
        offsets,
        of_visits,
    )


def spans(first: Places | Wholes, lengths: Places | Wholes) -> Places:
    """Return all places of spans, one span after the other."""
    before = np.cumsum(lengths) - lengths
    places: Places = np.arange(int(lengths.sum())) + np.repeat(first - before, lengths)
    return places


def _first_of_visits(deeds: Deeds) -> Places:
    begins = np.ones(len(deeds), np.bool_)
    begins[1:] = (deeds.person[1:] != deeds.person[:-1]) | (np.diff(deeds.time_us) >= SILENCE_US)
    return np.flatnonzero(begins)


def _next(flags: Flags) -> Places:
    """Return the place of the next flag from each place on, their number where there is none."""
    places = np.where(flags, np.arange(len(flags)), len(flags))
    return np.minimum.accumulate(places[::-1])[::-1]


def _buys_after(deeds: Deeds, next_purchase: Places, end: Places, before: Places) -> Flags:
    """Return which visits have a purchase, or whose person buys within a day of their end."""
    count = len(deeds)
    if not len(end):
        return np.zeros(0, np.bool_)
    following = np.append(next_purchase, count)[end]
    known = np.minimum(following, count - 1)
    soon = (
        (following < count)
        & (deeds.person[known] == deeds.person[end - 1])
        & (deeds.time_us[known] <= deeds.time_us[end - 1] + BOUGHT_WITHIN_US)
    )
    bought: Flags = (before < end) | soon
    return bought


def _worth(log: Log, visit: Places, visits: int) -> Wholes:
    """Return what was at stake at the end of each visit, at the prices of now."""
    deeds = log.deeds
    prices = deeds.price_micros
    sign = log.are("add_to_cart").astype(np.float64) - log.are("remove_from_cart")
    moved = np.flatnonzero((sign != 0) & (prices > 0))
    order = moved[np.lexsort((deeds.offer_no[moved], visit[moved]))]
    carts = np.zeros(visits)
    if len(order):
        begins = np.ones(len(order), np.bool_)
        begins[1:] = (np.diff(visit[order]) != 0) | (np.diff(deeds.offer_no[order]) != 0)
        at = np.flatnonzero(begins)
        quantity = np.add.reduceat(sign[order] * deeds.quantity[order], at)
        lines = np.maximum(quantity, 0.0) * prices[order[at]]
        np.add.at(carts, visit[order[at]], lines)
    seen = np.zeros(visits, np.int64)
    looked = np.flatnonzero(prices > 0)
    seen[visit[looked]] = prices[looked]  # the last of equal indexes stays
    return np.where(carts > 0, np.rint(carts), seen).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Walks:
    """The steps of visits, one after the other; the same step over and over is one."""

    token: NDArray[np.int32]
    """Place in `steps`."""
    place: Wholes
    """The how manyth deed of its visit it was first, from 1."""
    offsets: Wholes
    """Where each visit begins; one more than there are visits."""
    steps: tuple[Step, ...]


def walks_of(log: Log, visits: Visits) -> Walks:
    """Return the steps of visits."""
    deeds = visits.deeds
    width = max(len(log.categories), 1)
    key = (deeds.type.astype(np.int64) * width + deeds.category) * len(TOPICS) + deeds.topic
    keys, token = np.unique(key, return_inverse=True)
    visit = np.repeat(np.arange(len(visits)), visits.length)
    is_new = np.ones(len(deeds), np.bool_)
    is_new[1:] = (np.diff(token) != 0) | (np.diff(visit) != 0)
    places = np.flatnonzero(is_new)
    counts = np.bincount(visit[places], minlength=len(visits))
    named = tuple(
        Step(
            log.types[each // len(TOPICS) // width],
            log.categories[each // len(TOPICS) % width],
            TOPICS[each % len(TOPICS)],
        )
        for each in keys.tolist()
    )
    return Walks(
        token[places].astype(np.int32),
        places - visits.offsets[visit[places]] + 1,
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        named,
    )

"""What was measured, by offer, by channel and over time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import DAY_US, HOUR_US, PRODUCT
from services.ranker.domain.experiments.samples import Sample, ratio_of
from services.ranker.domain.measures.log import (
    Deeds,
    Flags,
    Numbers,
    Period,
    Places,
    Wholes,
    are,
)
from services.ranker.domain.measures.persons import MICROS
from services.ranker.domain.measures.showings import Showings

_BY_HOUR_DAYS = 2.0
"""A period no longer than this is told by the hour."""
_THOUSAND = 1000.0


@dataclass(frozen=True, slots=True)
class OfOffer:
    """What became of one offer."""

    offer_no: int
    people: int
    shown: int
    clicks: int
    accepted: int
    declined: int
    revenue: float
    contribution: float
    worth: float
    per_1000: Sample
    """Worth per 1,000 showings, over customers."""


@dataclass(frozen=True, slots=True)
class OfKind:
    """What became of all offers of one kind; 0: the catalogue does not know them."""

    kind: int
    shown: int
    clicks: int
    accepted: int
    declined: int
    acceptance: Sample
    """Accepted by shown, over customers."""


@dataclass(frozen=True, slots=True)
class OfPair:
    """What was bought on one channel after it was seen on another; 0: nobody had shown it."""

    seen: int
    bought: int
    purchases: int
    revenue: float
    contribution: float


@dataclass(frozen=True, slots=True)
class OfChannel:
    """What was shown on one channel to the people of one arm."""

    channel: int
    arm: int
    shown: int
    clicks: int
    accepted: int
    declined: int


@dataclass(frozen=True, slots=True)
class Point:
    """What came in, less what went back, from a moment on, of one arm."""

    time_us: int
    arm: int
    revenue: float
    contribution: float


def contribution_of(deeds: Deeds) -> Wholes:
    """Return of each deed what was paid less the cost where it is known, millionths."""
    return deeds.value_micros - np.where(deeds.cost_micros >= 0, deeds.cost_micros, 0)


def by_offer(
    places: Places, showings: Showings, deeds: Deeds, value_micros: Wholes
) -> list[OfOffer]:
    """Return what became of each offer shown, the most shown first.

    `value_micros` is of each place what its offer is worth when accepted, in the base currency.
    """
    revenue, contribution = _credited(places, showings, deeds)
    worth = np.where(
        places.kind == PRODUCT, contribution, value_micros * showings.is_accepted
    ).astype(np.int64)
    shown = np.flatnonzero(showings.is_shown)
    order = shown[np.lexsort((places.customer[shown], places.offer_no[shown]))]
    found = [
        OfOffer(
            int(places.offer_no[rows[0]]),
            len(np.unique(places.customer[rows])),
            len(rows),
            int(showings.is_clicked[rows].sum()),
            int(showings.is_accepted[rows].sum()),
            int(showings.is_declined[rows].sum()),
            float(revenue[rows].sum() / MICROS),
            float(contribution[rows].sum() / MICROS),
            float(worth[rows].sum() / MICROS),
            _per_thousand(places.customer[rows], worth[rows]),
        )
        for rows in _runs(order, places.offer_no)
    ]
    return sorted(found, key=lambda each: (-each.shown, each.offer_no))


def by_kind(places: Places, showings: Showings) -> list[OfKind]:
    """Return what became of each kind of offers that was shown, by its number."""
    shown = np.flatnonzero(showings.is_shown)
    found = []
    for kind in np.unique(places.kind[shown]).tolist():
        rows = shown[places.kind[shown] == kind]
        at = np.unique(places.customer[rows], return_inverse=True)[1].reshape(-1)
        accepted = showings.is_accepted[rows]
        found.append(
            OfKind(
                kind,
                len(rows),
                int(showings.is_clicked[rows].sum()),
                int(accepted.sum()),
                int(showings.is_declined[rows].sum()),
                ratio_of(
                    np.bincount(at, accepted).astype(np.float64),
                    np.bincount(at).astype(np.float64),
                ),
            )
        )
    return found


def by_channel(places: Places, showings: Showings, arm: NDArray[np.uint8]) -> list[OfChannel]:
    """Return what was shown where; `arm` is of each customer."""
    shown = np.flatnonzero(showings.is_shown)
    pairs = places.channel[shown].astype(np.int64) * _ARMS + arm[places.customer[shown]]
    return [
        OfChannel(
            int(pair) // _ARMS,
            int(pair) % _ARMS,
            len(rows),
            int(showings.is_clicked[rows].sum()),
            int(showings.is_accepted[rows].sum()),
            int(showings.is_declined[rows].sum()),
        )
        for pair in np.unique(pairs)
        for rows in [shown[pairs == pair]]
    ]


def by_pair(places: Places, showings: Showings, deeds: Deeds) -> list[OfPair]:
    """Return what was bought, by where it was seen and where it was bought."""
    bought = np.flatnonzero(are(deeds.type, "purchase"))
    credited = showings.credited[bought]
    seen = np.zeros(len(bought), np.int64)
    seen[credited >= 0] = places.channel[credited[credited >= 0]]
    pairs = seen * _ARMS_AND_MORE + deeds.channel[bought]
    contribution = contribution_of(deeds)
    return [
        OfPair(
            int(pair) // _ARMS_AND_MORE,
            int(pair) % _ARMS_AND_MORE,
            len(rows),
            float(deeds.value_micros[rows].sum() / MICROS),
            float(contribution[rows].sum() / MICROS),
        )
        for pair in np.unique(pairs)
        for rows in [bought[pairs == pair]]
    ]


def over_time(deeds: Deeds, arm: NDArray[np.uint8], period: Period) -> list[Point]:
    """Return what came in by day (UTC), or by hour where the period is short."""
    step_us = step_of(period)
    sign = are(deeds.type, "purchase").astype(np.int64) - are(deeds.type, "return")
    moved = np.flatnonzero(sign)
    keys = deeds.time_us[moved] // step_us * _ARMS + arm[deeds.customer[moved]]
    steps, at = np.unique(keys, return_inverse=True)
    size = len(steps)
    revenue = np.bincount(at, sign[moved] * deeds.value_micros[moved], size)
    contribution = np.bincount(at, sign[moved] * contribution_of(deeds)[moved], size)
    return [
        Point(
            int(step) // _ARMS * step_us,
            int(step) % _ARMS,
            float(paid / MICROS),
            float(left / MICROS),
        )
        for step, paid, left in zip(steps, revenue, contribution, strict=True)
    ]


def step_of(period: Period) -> int:
    """Return how long a stretch of time is that sums are told of, microseconds."""
    return HOUR_US if period.days <= _BY_HOUR_DAYS else DAY_US


_ARMS = 16
_ARMS_AND_MORE = 256


def _credited(places: Places, showings: Showings, deeds: Deeds) -> tuple[Numbers, Numbers]:
    """Return of each place what was paid for what is credited to it, and the contribution."""
    bought: Flags = are(deeds.type, "purchase") & (showings.credited >= 0)
    place, size = showings.credited[bought], len(places.decision)
    revenue = np.bincount(place, deeds.value_micros[bought].astype(np.float64), size)
    contribution = np.bincount(place, contribution_of(deeds)[bought].astype(np.float64), size)
    return revenue.astype(np.float64), contribution.astype(np.float64)


def _per_thousand(customer: NDArray[np.int32], worth: Wholes) -> Sample:
    """Sum up worth per 1,000 showings; rows are sorted by customer."""
    at = np.unique(customer, return_inverse=True)[1].reshape(-1)
    return ratio_of(np.bincount(at, worth) / MICROS * _THOUSAND, np.bincount(at).astype(np.float64))


def _runs(order: NDArray[np.intp], keys: Wholes) -> Iterator[NDArray[np.intp]]:
    """Yield the parts of sorted places that have the same key."""
    if len(order):
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        yield from np.split(order, ends)

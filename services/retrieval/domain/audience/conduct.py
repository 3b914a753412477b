"""What people do per week of acquaintance, on a scale on which all of it can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.audience.deeds import NONE, PURCHASE, TYPES, Deeds

WEEK_US = 7 * 86_400_000_000
DAY_US = 86_400_000_000
SHRINK_WEEKS = 2.0
"""As if everybody had been watched for so long before, doing what all do: one busy day of a
stranger is no habit."""
_MOST_CATEGORIES = 32
_FEWEST_SHARE = 0.01
"""Of all people, who must have done something before it is a trait."""
_FARTHEST = 4.0
"""Robust deviations beyond which somebody is merely extreme."""
_NORMAL_IQR = 1.349
"""Interquartile range of a normal distribution of deviation 1."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """What p people do."""

    weeks: NDArray[np.float64]
    """(p,) from the first thing that somebody did to the last."""
    traits: NDArray[np.float64]
    """(p, t) robust deviations from the median person, at most 4 either way."""


def conduct_of(deeds: Deeds) -> Conduct:
    """Return what everybody does: rates per week of acquaintance, not totals.

    Totals find only those known for long; rates find who will be like the best. People who were
    silent after a time were not watched then: acquaintance ends with the last thing done.
    """
    weeks = _weeks(deeds)
    counts = [*_amounts(deeds), *_by_type(deeds), *_by_category(deeds)]
    rates = [_rate(each, weeks) for each in counts]
    return Conduct(weeks, robust(np.stack([*rates, *_per_order(deeds)], axis=1)))


def robust(traits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each column as deviations from its median, extremes cut off."""
    low, middle, high = np.percentile(traits, (25, 50, 75), axis=0)
    scale = (high - low) / _NORMAL_IQR
    deviation = traits.std(axis=0)
    # Of what most people never do the quartiles are equal.
    scale = np.where(scale > 0.1 * deviation, scale, deviation)
    found: NDArray[np.float64] = (traits - middle) / np.where(scale > 0, scale, 1.0)
    return found.clip(-_FARTHEST, _FARTHEST)


def distinct(deeds: Deeds, values: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return how many distinct values each person has; `NONE` is none."""
    width = int(values.max(initial=0)) + 1
    keys = (deeds.persons.astype(np.int64) * width + values)[values != NONE]
    return _count(deeds, np.unique(keys) // width)


def first_times(deeds: Deeds) -> NDArray[np.int64]:
    """Return when each person did anything first, microseconds; of nobody's deeds the last time."""
    first = np.full(len(deeds.person_ids), np.iinfo(np.int64).max)
    np.minimum.at(first, deeds.persons, deeds.times_us)
    return first


def _weeks(deeds: Deeds) -> NDArray[np.float64]:
    first = first_times(deeds)
    last = np.full(len(deeds.person_ids), np.iinfo(np.int64).min)
    np.maximum.at(last, deeds.persons, deeds.times_us)
    spans = np.where(last >= first, last.astype(np.float64) - first, 0.0)
    weeks: NDArray[np.float64] = spans / WEEK_US
    return weeks


def _amounts(deeds: Deeds) -> list[NDArray[np.float64]]:
    """Return what is bought, paid, ordered; how many kinds of things, on how many days."""
    bought = deeds.only(deeds.are(PURCHASE))
    days = deeds.times_us // DAY_US
    return [
        _count(deeds, bought.persons),
        _count(deeds, bought.persons, bought.value_micros),
        orders_of(deeds),
        distinct(bought, bought.categories),
        distinct(deeds, days - days.min(initial=0)),
    ]


def orders_of(deeds: Deeds) -> NDArray[np.float64]:
    """Return how many orders each person gave; what names none is one of its day."""
    bought = deeds.only(deeds.are(PURCHASE))
    days = bought.times_us // DAY_US
    unnamed = int(bought.orders.max(initial=0)) + 1 + days - days.min(initial=0)
    return distinct(bought, np.where(bought.orders == NONE, unnamed, bought.orders))


def _by_type(deeds: Deeds) -> list[NDArray[np.float64]]:
    """Return how often each other thing was done that more than a few do."""
    found = []
    for number, name in enumerate(TYPES):
        counts = _count(deeds, deeds.persons[deeds.types == number])
        if name != PURCHASE and (counts > 0).mean() >= _FEWEST_SHARE:
            found.append(counts)
    return found


def _by_category(deeds: Deeds) -> list[NDArray[np.float64]]:
    """Return what is paid in each of the categories that most people buy."""
    bought = deeds.only(deeds.are(PURCHASE) & (deeds.categories != NONE))
    people = len(deeds.person_ids)
    width = max(len(deeds.category_names), 1)
    pairs = np.unique(bought.persons.astype(np.int64) * width + bought.categories)
    buyers = np.bincount(pairs % width, minlength=width)
    chosen = np.argsort(-buyers, kind="stable")[:_MOST_CATEGORIES]
    return [
        _count(deeds, bought.persons[of_it], bought.value_micros[of_it])
        for of_it in (bought.categories == number for number in chosen.tolist())
        if of_it.any() and buyers.max() >= _FEWEST_SHARE * people
    ]


def _per_order(deeds: Deeds) -> list[NDArray[np.float64]]:
    """Return how large and how full an order is: those do not depend on acquaintance."""
    bought = deeds.only(deeds.are(PURCHASE))
    orders = orders_of(deeds)
    amounts = (_count(deeds, bought.persons, bought.value_micros), _count(deeds, bought.persons))
    return [_log(_shrunk(each, orders, 1.0)) for each in amounts]


def _rate(counts: NDArray[np.float64], weeks: NDArray[np.float64]) -> NDArray[np.float64]:
    return _log(_shrunk(counts, weeks, SHRINK_WEEKS))


def _shrunk(
    counts: NDArray[np.float64], per: NDArray[np.float64], strength: float
) -> NDArray[np.float64]:
    """Return a ratio in units of what is usual, pulled towards it where little is known."""
    usual = counts.sum() / max(per.sum(), strength)
    shrunk: NDArray[np.float64] = (counts + strength * usual) / (per + strength)
    return shrunk / usual if usual > 0 else shrunk


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.log1p(np.maximum(values, 0.0))


def _count(
    deeds: Deeds, persons: NDArray[np.integer], weights: NDArray[np.integer] | None = None
) -> NDArray[np.float64]:
    counts = np.bincount(persons, weights, minlength=len(deeds.person_ids))
    return counts.astype(np.float64)

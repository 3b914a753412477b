"""Visits: what somebody does without 30 minutes of silence in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.log import (
    MINUTE_US,
    VISITING,
    Deeds,
    Flags,
    Period,
    Wholes,
    are,
    paired,
)

SILENCE_US = 30 * MINUTE_US
CART_US = DAY_US
"""A cart is given so long to be bought after the last thing was put into it."""


@dataclass(frozen=True, slots=True)
class Visits:
    """Visits as columns of equal length, by customer and time."""

    customer: NDArray[np.int32]
    begin_us: Wholes
    end_us: Wholes
    considered: Wholes
    """Families viewed or put into the cart."""
    is_cart: Flags
    """Something was put into the cart, and its day for being bought is over."""
    is_left: Flags
    """And nothing was bought within that day."""


def visits_of(deeds: Deeds, period: Period) -> Visits:
    """Return the visits that sorted deeds of a period make up."""
    there = deeds.picked(are(deeds.type, *VISITING))
    count = len(there.time_us)
    begins = np.ones(count, np.bool_)
    begins[1:] = (there.customer[1:] != there.customer[:-1]) | (
        np.diff(there.time_us) >= SILENCE_US
    )
    first = np.flatnonzero(begins)
    last = np.append(first[1:], count) - 1 if count else first
    number = np.cumsum(begins) - 1
    is_cart, is_left = _carts(there, number, len(first), period)
    return Visits(
        there.customer[first],
        there.time_us[first],
        there.time_us[last],
        _considered(there, number, len(first)),
        is_cart,
        is_left,
    )


def _considered(there: Deeds, number: NDArray[np.intp], visits: int) -> Wholes:
    looked = are(there.type, "view", "add_to_cart") & there.is_product
    pairs = paired(number[looked], there.family_no[looked])
    first = np.unique(pairs, return_index=True)[1]
    return np.bincount(number[looked][first], minlength=visits).astype(np.int64)


def _carts(
    there: Deeds, number: NDArray[np.intp], visits: int, period: Period
) -> tuple[Flags, Flags]:
    """Return which visits left a cart whose day is over, and which of these were not bought."""
    count = len(there.time_us)
    is_cart, is_left = np.zeros(visits, np.bool_), np.zeros(visits, np.bool_)
    if not count:
        return is_cart, is_left
    places = np.arange(count)
    filled = are(there.type, "add_to_cart")
    last_fill = np.full(visits, -1)
    last_fill[number[filled]] = places[filled]  # the last of equal indexes stays
    of_visit = np.flatnonzero(last_fill >= 0)
    at = last_fill[of_visit]
    over = there.time_us[at] + CART_US <= period.until_us
    of_visit, at = of_visit[over], at[over]
    bought = np.where(are(there.type, "purchase"), places, count)
    following = np.minimum.accumulate(bought[::-1])[::-1][at]
    known = np.minimum(following, count - 1)
    in_time = (
        (following < count)
        & (there.customer[known] == there.customer[at])
        & (there.time_us[known] <= there.time_us[at] + CART_US)
    )
    is_cart[of_visit] = True
    is_left[of_visit] = ~in_time
    return is_cart, is_left

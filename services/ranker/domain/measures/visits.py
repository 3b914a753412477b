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
    channel: NDArray[np.uint8]
    """Where the visit began."""
    considered: Wholes
    """Families viewed or put into the cart."""
    is_cart: Flags
    """Something was put into the cart, and its day for being bought is over."""
    is_left: Flags
    """And nothing was bought within that day."""
    filled_us: Wholes
    """When the last thing was put into the cart; -1: nothing was."""
    cart_channel: NDArray[np.uint8]
    """Where that was; 0: nothing was."""


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
    filled = _filled(there, number, len(first))
    is_cart, is_left = _carts(there, filled, period)
    has_cart = filled >= 0
    return Visits(
        there.customer[first],
        there.time_us[first],
        there.time_us[last],
        there.channel[first],
        _considered(there, number, len(first)),
        is_cart,
        is_left,
        np.where(has_cart, there.time_us[filled], -1) if count else there.time_us,
        np.where(has_cart, there.channel[filled], 0) if count else there.channel,
    )


def _considered(there: Deeds, number: NDArray[np.intp], visits: int) -> Wholes:
    looked = are(there.type, "view", "add_to_cart") & there.is_product
    pairs = paired(number[looked], there.family_no[looked])
    first = np.unique(pairs, return_index=True)[1]
    return np.bincount(number[looked][first], minlength=visits).astype(np.int64)


def _filled(there: Deeds, number: NDArray[np.intp], visits: int) -> NDArray[np.intp]:
    """Return of each visit the last deed that put something into the cart; -1: none did."""
    places = np.flatnonzero(are(there.type, "add_to_cart"))
    last_fill = np.full(visits, -1)
    last_fill[number[places]] = places  # the last of equal indexes stays
    return last_fill


def _carts(there: Deeds, filled: NDArray[np.intp], period: Period) -> tuple[Flags, Flags]:
    """Return which visits left a cart whose day is over, and which of these were not bought."""
    count = len(there.time_us)
    is_cart, is_left = np.zeros(len(filled), np.bool_), np.zeros(len(filled), np.bool_)
    if not count:
        return is_cart, is_left
    places = np.arange(count)
    of_visit = np.flatnonzero(filled >= 0)
    at = filled[of_visit]
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

"""Says of everything that measures count where it was seen and where it was bought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.following import (
    Keys,
    Rows,
    first_after,
    first_of,
    last_before,
    taken,
)
from services.ranker.domain.measures.log import (
    Deeds,
    Flags,
    Numbers,
    Period,
    Places,
    Wholes,
    are,
    paired,
)
from services.ranker.domain.measures.persons import MICROS, REPEAT_US, order_times
from services.ranker.domain.measures.showings import Showings
from services.ranker.domain.measures.visits import Visits

CHANNELS = 256
"""More than there are channels; 0 stands for none."""
BOUGHT_US = DAY_US
"""So long after a visit what is bought still belongs to it."""
_Channels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Units:
    """What is counted, a row each, as columns of equal length."""

    customer: NDArray[np.int32]
    pair: Wholes
    """Channel seen times `CHANNELS`, and channel bought."""
    amount: Numbers
    """How much each counts, money in millionths and time in microseconds: so sums are exact."""


def parts_of(unit: str) -> float:
    """Return how many of its parts make one of what a unit is told in."""
    return MICROS if unit in _IN_MICROS else 1.0


def pairs_of(seen: _Channels, bought: _Channels) -> Wholes:
    """Return a number for each pair of channels."""
    return seen.astype(np.int64) * CHANNELS + bought


class Paths:
    """Of one period; deeds, visits and places as they are measured everywhere.

    `units` makes what is counted when it is asked for, so that not all of it lies in memory at
    once; its names are those that the splits of `measures.definitions` use.
    """

    def __init__(
        self,
        deeds: Deeds,
        places: Places,
        visits: Visits,
        showings: Showings,
        period: Period,
        is_there: Flags,
    ) -> None:
        """`is_there` says of each customer whether they count in the period."""
        self._deeds, self._places = deeds, places
        self._visits, self._showings, self._period = visits, showings, period
        self._is_there = is_there
        rows = np.flatnonzero(are(deeds.type, "purchase"))
        self._bought = deeds.picked(rows)
        self._back = deeds.picked(are(deeds.type, "return"))
        self._given_back = _given_back(self._back, self._bought)
        self._seen = taken(places.channel, showings.credited[rows])
        self._order_of, self._order_pairs = _orders(self._bought, self._seen)
        self._came = first_of(visits.customer, visits.channel, len(is_there))

    @property
    def units(self) -> Mapping[str, Callable[[], Units]]:
        """What makes each kind of unit."""
        return {
            **{f"line_{name}": partial(self._lines, name) for name in _MONEY},
            **{f"visit_{name}": partial(self._visit_money, name) for name in _OF_VISITS},
            **{name: partial(self._of_visits, name) for name in _VISITS},
            **{name: partial(self._of_carts, name) for name in ("carts", "carts_left")},
            **{name: partial(self._of_people, name) for name in _PEOPLE},
            **{name: partial(self._of_halves, name) for name in ("early", "retained")},
            **{name: partial(self._repeats, name) for name in ("first_orders", "repeat_orders")},
            **{name: partial(self._of_showings, name) for name in _SHOWINGS},
            **{name: partial(self._ratings, name) for name in ("ratings", "rating_sum")},
            **{name: partial(self._objections, name) for name in ("opt_outs", "complaints")},
            "orders": self._orders,
            "order_sales": self._order_sales,
        }

    def _lines(self, name: str) -> Units:
        return self._money(name, pairs_of(self._seen, self._bought.channel))

    def _visit_money(self, name: str) -> Units:
        visits, bought = self._visits, self._bought
        first = first_after(
            bought.customer, bought.time_us - BOUGHT_US, visits.customer, visits.end_us
        )
        return self._money(name, pairs_of(taken(visits.channel, first), bought.channel))

    def _money(self, name: str, pairs: Wholes) -> Units:
        """Return money of purchases with their pairs, and of what came back with the same ones."""
        bought, back = self._bought, self._back
        of_bought, of_back = _MONEY[name]
        there = len(bought.time_us) if of_bought else 0
        count = len(back.time_us) if of_back else 0
        return _counted(
            np.concatenate([bought.customer[:there], back.customer[:count]]),
            np.concatenate([pairs[:there], taken(pairs, self._given_back)[:count]]),
            np.concatenate(
                [
                    of_bought * _amount(bought, name)[:there],
                    of_back * _amount(back, name)[:count],
                ]
            ),
        )

    def _of_visits(self, name: str) -> Units:
        visits, bought = self._visits, self._bought
        first = first_after(visits.customer, visits.begin_us, bought.customer, bought.time_us)
        late = taken(bought.time_us, first) > visits.end_us + BOUGHT_US
        first[late] = -1
        pairs = pairs_of(visits.channel, taken(bought.channel, first))
        amount = {
            "visits": np.ones(len(pairs)),
            "visit_seconds": visits.end_us - visits.begin_us,
            "considered": visits.considered,
        }[name]
        return _counted(visits.customer, pairs, amount)

    def _of_carts(self, name: str) -> Units:
        visits, bought = self._visits, self._bought
        following = first_after(visits.customer, visits.filled_us, bought.customer, bought.time_us)
        pairs = pairs_of(visits.cart_channel, taken(bought.channel, following))
        counts = visits.is_cart if name == "carts" else visits.is_cart & visits.is_left
        return _counted(visits.customer, pairs, counts)

    def _of_people(self, name: str) -> Units:
        count = len(self._is_there)
        first = first_of(self._bought.customer, self._bought.channel, count)
        came = np.bincount(self._visits.customer, minlength=count) > 0
        deeds = self._deeds
        refer = are(deeds.type, "refer")
        amount: Mapping[str, NDArray[Any]] = {
            "people": self._is_there,
            "visitors": came,
            "buyers": np.bincount(self._bought.customer, minlength=count) > 0,
            "referrals": np.bincount(deeds.customer[refer], minlength=count),
        }
        everybody = np.arange(count, dtype=np.int32)
        return _counted(everybody, pairs_of(self._came, first), amount[name])

    def _of_halves(self, name: str) -> Units:
        count, visits, middle_us = len(self._is_there), self._visits, self._period.middle_us
        is_early = visits.begin_us < middle_us
        early = np.bincount(visits.customer[is_early], minlength=count) > 0
        late = np.bincount(visits.customer[~is_early], minlength=count) > 0
        before = self._bought.time_us < middle_us
        first = first_of(self._bought.customer[before], self._bought.channel[before], count)
        everybody = np.arange(count, dtype=np.int32)
        amount = early if name == "early" else early & late
        return _counted(everybody, pairs_of(self._came, first), amount)

    def _orders(self) -> Units:
        customer = np.empty(len(self._order_pairs), np.int32)
        customer[self._order_of] = self._bought.customer
        return _counted(customer, self._order_pairs, np.ones(len(customer)))

    def _order_sales(self) -> Units:
        bought = self._bought
        pairs = self._order_pairs[self._order_of]
        return _counted(bought.customer, pairs, bought.value_micros)

    def _repeats(self, name: str) -> Units:
        count, bought = len(self._is_there), self._bought
        first_us, second_us, _ = order_times(bought, count)
        counts = first_us <= self._period.until_us - REPEAT_US
        if name == "repeat_orders":
            counts &= second_us - first_us <= REPEAT_US
        pairs = first_of(bought.customer, self._order_pairs[self._order_of], count)
        return _counted(np.arange(count, dtype=np.int32), pairs, counts)

    def _of_showings(self, name: str) -> Units:
        places, showings = self._places, self._showings
        pairs = pairs_of(places.channel, taken(self._deeds.channel, showings.accepted_by))
        became = {
            "shown": showings.is_shown,
            "clicks": showings.is_clicked,
            "accepted": showings.is_accepted,
            "declined": showings.is_declined,
        }
        return _counted(places.customer, pairs, showings.is_shown & became[name])

    def _ratings(self, name: str) -> Units:
        rated = self._deeds.picked(~np.isnan(self._deeds.rating))
        pairs = pairs_of(rated.channel, self._bought_before(rated))
        amount = np.ones(len(pairs)) if name == "ratings" else rated.rating
        return _counted(rated.customer, pairs, amount)

    def _objections(self, name: str) -> Units:
        deeds, places = self._deeds, self._places
        says = are(deeds.type, "complaint") & deeds.is_refusal
        if name == "opt_outs":
            says = are(deeds.type, "unsubscribe") | (are(deeds.type, "consent") & deeds.is_refusal)
        said = deeds.picked(says)
        shown = np.flatnonzero(self._showings.is_shown)
        last = last_before(
            said.customer, said.time_us, places.customer[shown], self._showings.shown_us[shown]
        )
        pairs = pairs_of(taken(places.channel[shown], last), self._bought_before(said))
        return _counted(said.customer, pairs, np.ones(len(pairs)))

    def _bought_before(self, deeds: Deeds) -> _Channels:
        bought = self._bought
        last = last_before(deeds.customer, deeds.time_us, bought.customer, bought.time_us)
        return taken(bought.channel, last)


_MONEY = {"sales": (1, 0), "returned": (0, 1), "revenue": (1, -1), "contribution": (1, -1)}
"""How often each counts what was bought and what came back."""
_OF_VISITS = ("revenue", "contribution")
_IN_MICROS = {
    "visit_seconds",
    "order_sales",
    *(f"line_{name}" for name in _MONEY),
    *(f"visit_{name}" for name in _OF_VISITS),
}
_VISITS = ("visits", "visit_seconds", "considered")
_PEOPLE = ("people", "visitors", "buyers", "referrals")
_SHOWINGS = ("shown", "clicks", "accepted", "declined")


def _amount(deeds: Deeds, name: str) -> Wholes:
    if name != "contribution":
        return deeds.value_micros
    return deeds.value_micros - np.where(deeds.cost_micros >= 0, deeds.cost_micros, 0)


def _given_back(back: Deeds, bought: Deeds) -> Rows:
    """Return what each return gives back: the last purchase of its order, else of its product."""
    size = len(bought.customer)
    customer = np.concatenate([bought.customer, back.customer])
    product = _numbered(customer, np.concatenate([bought.family_no, back.family_no]))
    order = _numbered(product, np.concatenate([bought.order, back.order]))
    of_product, of_order = (
        last_before(key[size:], back.time_us, key[:size], bought.time_us)
        for key in (product, order)
    )
    found = np.where(of_order >= 0, of_order, of_product)
    return np.where(back.offer_no > 0, found, -1)


def _numbered(one: Keys, other: Wholes) -> Wholes:
    """Return a number from 0 for each pair of numbers that there is."""
    return np.unique(paired(one, other), return_inverse=True)[1].reshape(-1).astype(np.int64)


def _orders(bought: Deeds, seen: _Channels) -> tuple[Rows, Wholes]:
    """Return the order of each purchase, and the pair of channels of each order."""
    keys, first, order = np.unique(
        paired(bought.customer, bought.order), return_index=True, return_inverse=True
    )
    order = order.reshape(-1)
    shown = seen > 0
    return order, pairs_of(first_of(order[shown], seen[shown], len(keys)), bought.channel[first])


def _counted(customer: NDArray[np.int32], pair: Wholes, amount: NDArray[Any]) -> Units:
    """Return what adds to a total."""
    rows = np.flatnonzero(amount)
    return Units(customer[rows], pair[rows], amount[rows].astype(np.float64))

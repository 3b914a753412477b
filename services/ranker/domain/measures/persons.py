"""Measures of each customer in a period: what reports and experiments compare groups by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.answers import DAY_US
from services.ranker.domain.measures.log import (
    Customers,
    Deeds,
    Flags,
    Numbers,
    Period,
    Places,
    Wholes,
    are,
)
from services.ranker.domain.measures.showings import Showings
from services.ranker.domain.measures.visits import Visits

MICROS = 1_000_000.0
REPEAT_US = 60 * DAY_US
COLUMNS = (
    *("people", "visitors", "visits", "visit_seconds", "considered", "buyers", "orders", "sales"),
    *("returned", "revenue", "contribution", "costless", "shown", "clicks", "accepted"),
    *("declined", "carts", "carts_left", "early", "retained", "first_orders", "repeat_orders"),
    *("referrals", "ratings", "rating_sum", "opt_outs", "complaints"),
)
"""Names of the columns."""
NEVER = np.iinfo(np.int64).max
"""Of what did not happen, when it happened."""


@dataclass(frozen=True, slots=True)
class PersonMeasures:
    """One row per customer who did something, or was decided for, in a period.

    `columns` by name, those of `COLUMNS`, one number per row. `people` is 1; `costless` is what was
    paid for goods of unknown cost; all others are what their names say in the period. Money is in
    units of the base currency. `measures.definitions` says what is made of them.
    """

    oldest_ids: Sequence[str]
    """The oldest person of each customer's set."""
    arm: NDArray[np.uint8]
    """`Arm` by number."""
    first_seen_us: Wholes
    """The first deed or decision in the period."""
    columns: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.oldest_ids)

    def __getitem__(self, name: str) -> Numbers:
        return self.columns[name]

    def picked(self, rows: Flags) -> PersonMeasures:
        """Return some of them."""
        places = np.flatnonzero(rows)
        return PersonMeasures(
            [self.oldest_ids[place] for place in places.tolist()],
            self.arm[places],
            self.first_seen_us[places],
            {name: column[places] for name, column in self.columns.items()},
        )


def measure_persons(
    customers: Customers,
    deeds: Deeds,
    places: Places,
    visits: Visits,
    showings: Showings,
    period: Period,
    decided_us: Wholes,
) -> PersonMeasures:
    """Add up what sorted deeds, their visits and showings come to per customer.

    `decided_us` is of each customer when something was first decided for them; -1: never.
    """
    count = len(customers.oldest_ids)
    first_us = np.where(decided_us >= 0, decided_us, NEVER)
    np.minimum.at(first_us, deeds.customer, deeds.time_us)
    columns = {
        "people": np.ones(count),
        **_of_visits(visits, count, period),
        **_of_purchases(deeds, count, period),
        **_of_showings(places, showings, count),
        **_of_words(deeds, count),
    }
    everybody = PersonMeasures(customers.oldest_ids, customers.arm, first_us, columns)
    return everybody.picked(first_us < NEVER)


def _of_visits(visits: Visits, count: int, period: Period) -> dict[str, Numbers]:
    def added(weights: NDArray[np.generic]) -> Numbers:
        return _added(visits.customer, weights, count)

    early = added(visits.begin_us < period.middle_us) > 0
    late = added(visits.begin_us >= period.middle_us) > 0
    number = added(np.ones(len(visits.customer)))
    return {
        "visitors": _ones(number > 0),
        "visits": number,
        "visit_seconds": added(visits.end_us - visits.begin_us) / MICROS,
        "considered": added(visits.considered),
        "carts": added(visits.is_cart),
        "carts_left": added(visits.is_left),
        "early": _ones(early),
        "retained": _ones(early & late),
    }


def _of_purchases(deeds: Deeds, count: int, period: Period) -> dict[str, Numbers]:
    bought, back = are(deeds.type, "purchase"), are(deeds.type, "return")
    sign = bought.astype(np.int64) - back
    known = deeds.cost_micros >= 0
    cost = np.where(known, deeds.cost_micros, 0)
    sales = _money(deeds, np.where(bought, deeds.value_micros, 0), count)
    revenue = _money(deeds, sign * deeds.value_micros, count)
    first_us, second_us, orders = order_times(deeds.picked(bought), count)
    mature = first_us <= period.until_us - REPEAT_US
    return {
        "buyers": _ones(orders > 0),
        "orders": orders,
        "sales": sales,
        "returned": _money(deeds, np.where(back, deeds.value_micros, 0), count),
        "revenue": revenue,
        "contribution": _money(deeds, sign * (deeds.value_micros - cost), count),
        "costless": _money(deeds, np.where(bought & ~known, deeds.value_micros, 0), count),
        "first_orders": _ones(mature),
        "repeat_orders": _ones(mature & (second_us - first_us <= REPEAT_US)),
    }


def order_times(bought: Deeds, count: int) -> tuple[Wholes, Wholes, Numbers]:
    """Return of each customer when the first and the second order began, and how many there are."""
    by_order = np.lexsort((bought.time_us, bought.order, bought.customer))
    customer, order = bought.customer[by_order], bought.order[by_order]
    begins = np.ones(len(customer), np.bool_)
    begins[1:] = (customer[1:] != customer[:-1]) | (order[1:] != order[:-1])
    customer, time_us = customer[begins], bought.time_us[by_order][begins]
    by_time = np.lexsort((time_us, customer))
    customer, time_us = customer[by_time], time_us[by_time]
    orders = np.bincount(customer, minlength=count)
    start = np.cumsum(orders) - orders
    first, second = np.full(count, NEVER), np.full(count, NEVER)
    first[orders > 0] = time_us[start[orders > 0]]
    second[orders > 1] = time_us[start[orders > 1] + 1]
    return first, second, orders.astype(np.float64)


def _of_showings(places: Places, showings: Showings, count: int) -> dict[str, Numbers]:
    shown = showings.is_shown
    return {
        "shown": _added(places.customer, shown, count),
        "clicks": _added(places.customer, shown & showings.is_clicked, count),
        "accepted": _added(places.customer, shown & showings.is_accepted, count),
        "declined": _added(places.customer, shown & showings.is_declined, count),
    }


def _of_words(deeds: Deeds, count: int) -> dict[str, Numbers]:
    rated = ~np.isnan(deeds.rating)
    left = are(deeds.type, "unsubscribe") | (are(deeds.type, "consent") & deeds.is_refusal)
    complains = are(deeds.type, "complaint") & deeds.is_refusal
    return {
        "referrals": _added(deeds.customer, are(deeds.type, "refer"), count),
        "ratings": _added(deeds.customer, rated, count),
        "rating_sum": _added(deeds.customer, np.where(rated, deeds.rating, 0.0), count),
        "opt_outs": _added(deeds.customer, left, count),
        "complaints": _added(deeds.customer, complains, count),
    }


def _money(deeds: Deeds, micros: Wholes, count: int) -> Numbers:
    """Add up whole millionths, which floats do exactly, and return units."""
    return _added(deeds.customer, micros, count) / MICROS


def _added(customer: NDArray[np.int32], weights: NDArray[np.generic], count: int) -> Numbers:
    added = np.bincount(customer, weights=weights.astype(np.float64), minlength=count)
    return added.astype(np.float64)  # of nothing at all it counts in whole numbers


def _ones(flags: Flags) -> Numbers:
    return flags.astype(np.float64)

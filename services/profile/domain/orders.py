"""Orders of the last year and a bit: recency, frequency, monetary value and contribution."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from services.profile.domain.event import DAY_US, Event
from services.profile.domain.making import maker
from shared.money import MAX_MICROS

WINDOW_DAYS = 365
KEPT_DAYS = WINDOW_DAYS + 35
"""Longer than the window, because late events still move an order within it."""
MAX_ORDERS = 1_000


class Order(NamedTuple):
    """What is known of one order, returns taken off."""

    day: int
    """Days since 1970, of its last purchase; of its last return while no purchase is known."""
    bought: bool
    value_micros: int
    contribution_micros: int
    """Sales less cost; sales alone where a cost was unknown."""
    cost_unknown: bool


Orders = dict[int, Order]
_ORDER = maker(Order)


class Spending(NamedTuple):
    """What the orders of one window come to."""

    orders: int
    monetary_micros: int
    contribution_micros: int
    cost_unknown: bool
    first_day: int
    """Of the first order that is still known, up to 400 days back; 0: none is."""


def order_key(event: Event) -> int:
    """Return a 32-bit name of the event's order; without an id, of its day.

    Two orders of one person fall together with a probability of about 1 in 100,000 at 300 orders.
    """
    return zlib.crc32(event.order_id.encode()) if event.order_id else event.time_us // DAY_US


def buy(orders: Orders, event: Event) -> None:
    """Add a line of an order; a gift was paid for like anything else."""
    day = event.time_us // DAY_US
    key = order_key(event)
    known = orders.get(key)
    contribution, unknown = _contribution(event)
    if known is None:
        orders[key] = _ORDER((day, True, event.value_micros, contribution, unknown))
        return
    last_day, bought, value_micros, contribution_micros, cost_unknown = known
    orders[key] = _ORDER(
        (
            max(day, last_day) if bought else day,
            True,
            value_micros + event.value_micros,
            contribution_micros + contribution,
            cost_unknown or unknown,
        )
    )


def give_back(orders: Orders, event: Event) -> None:
    """Take a returned line off its order, or off its day when the order is not said."""
    day = event.time_us // DAY_US
    key = order_key(event)
    contribution, unknown = _contribution(event)
    known = orders.get(key, Order(day, False, 0, 0, False))
    orders[key] = Order(
        known.day if known.bought else max(day, known.day),
        known.bought,
        known.value_micros - event.value_micros,
        known.contribution_micros - contribution,
        known.cost_unknown or unknown,
    )


def merge(into: Orders, other: Orders) -> None:
    for key, more in other.items():
        known = into.get(key)
        into[key] = more if known is None else _sum(known, more)


def prune(orders: Orders) -> None:
    """Drop what no window reaches any more."""
    if not orders:
        return
    oldest = max(order.day for order in orders.values()) - KEPT_DAYS
    for key in [key for key, order in orders.items() if order.day < oldest]:
        del orders[key]
    if len(orders) > MAX_ORDERS:
        by_age = sorted(orders, key=lambda key: (-orders[key].day, key))
        for key in by_age[MAX_ORDERS:]:
            del orders[key]


def spending(orders: Orders, now_us: int) -> Spending:
    """Return what the orders of the last 365 days come to."""
    since = now_us // DAY_US - WINDOW_DAYS
    count = monetary = contribution = 0
    unknown = False
    first_day = 0
    for day, bought, value_micros, contribution_micros, cost_unknown in orders.values():
        if bought and not 0 < first_day <= day:
            first_day = day
        if day > since:
            count += bought
            monetary += value_micros
            contribution += contribution_micros
            unknown = unknown or cost_unknown
    return Spending(count, _bounded(monetary), _bounded(contribution), unknown, first_day)


def _bounded(micros: int) -> int:
    """Keep absurd sums within what a message holds: a person stays readable whatever is sent."""
    return max(-MAX_MICROS, min(micros, MAX_MICROS))


def _contribution(event: Event) -> tuple[int, bool]:
    if event.cost_micros < 0:
        return event.value_micros, True
    return event.value_micros - round(event.cost_micros * event.quantity), False


def _sum(one: Order, other: Order) -> Order:
    if one.bought == other.bought:
        day = max(one.day, other.day)
    else:
        day = one.day if one.bought else other.day
    return Order(
        day,
        one.bought or other.bought,
        one.value_micros + other.value_micros,
        one.contribution_micros + other.contribution_micros,
        one.cost_unknown or other.cost_unknown,
    )

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
NOTICEABLE = 0.01
"""A price below list by less than this share is none: prices are rounded."""
DEEP = 0.2
"""A discount of this share of the list price counts whole."""
_DOUBT = 3.0
"""So many orders that show nothing are added to those there are."""


class Order(NamedTuple):
    """What is known of one order, returns taken off."""

    day: int
    """Days since 1970, of its last purchase; of its last return while no purchase is known."""
    bought: bool
    value_micros: int
    contribution_micros: int
    """Sales less cost; sales alone where a cost was unknown."""
    cost_unknown: bool
    priced_micros: int = 0
    """Paid for lines whose list price is known; returns are not taken off this and what follows."""
    promoted_micros: int = 0
    """Paid of that below list price."""
    bargain_micros: int = 0
    """The same, a discount below `DEEP` counting in part."""
    returned_micros: int = 0


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
    promotion_share: float
    """-1: nothing was bought whose list price is known."""
    price_sensitivity: float
    """-1, as above."""
    return_share: float
    """-1: nothing was bought."""


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
    line_priced, line_promoted, line_bargain = _below_list(event)
    if known is None:
        value = event.value_micros
        below = (line_priced, line_promoted, line_bargain)
        orders[key] = _ORDER((day, True, value, contribution, unknown, *below, 0))
        return
    last_day, bought, value, profit, cost_unknown, priced, promoted, bargain, returned = known
    orders[key] = _ORDER(
        (
            max(day, last_day) if bought else day,
            True,
            value + event.value_micros,
            profit + contribution,
            cost_unknown or unknown,
            priced + line_priced,
            promoted + line_promoted,
            bargain + line_bargain,
            returned,
        )
    )


def give_back(orders: Orders, event: Event) -> None:
    """Take a returned line off its order, or off its day when the order is not said."""
    day = event.time_us // DAY_US
    key = order_key(event)
    contribution, unknown = _contribution(event)
    known = orders.get(key, Order(day, False, 0, 0, False))
    orders[key] = known._replace(
        day=known.day if known.bought else max(day, known.day),
        value_micros=known.value_micros - event.value_micros,
        contribution_micros=known.contribution_micros - contribution,
        cost_unknown=known.cost_unknown or unknown,
        returned_micros=known.returned_micros + event.value_micros,
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
    """Return what the orders of the last 365 days come to.

    Promotion share: what was paid below list price, of all that was paid where the list price is
    known. Price sensitivity: the same, but a discount of less than 20% counts in proportion. Both
    times n / (n + 3), n the orders that tell: nobody is a bargain seeker by a single purchase. The
    list price is the catalogue's as of the purchase, or what was paid and the attribute `discount`.
    """
    since = now_us // DAY_US - WINDOW_DAYS
    within = [order for order in orders.values() if order[0] > since]
    first_day = min([order[0] for order in orders.values() if order[1]], default=0)
    if not within:
        return Spending(0, 0, 0, False, first_day, -1.0, -1.0, -1.0)
    _, bought, values, profits, unknown, priced, promoted, bargains, returned = zip(
        *within, strict=True
    )
    telling = len(within) - priced.count(0)
    told = sum(priced) * (telling + _DOUBT) / telling if telling else 0.0
    gross = sum(values) + sum(returned)
    return Spending(
        sum(bought),
        _bounded(sum(values)),
        _bounded(sum(profits)),
        any(unknown),
        first_day,
        sum(promoted) / told if told else -1.0,
        sum(bargains) / told if told else -1.0,
        min(1.0, sum(returned) / gross) if gross > 0 else -1.0,
    )


def _bounded(micros: int) -> int:
    """Keep absurd sums within what a message holds: a person stays readable whatever is sent."""
    return max(-MAX_MICROS, min(micros, MAX_MICROS))


def _below_list(event: Event) -> tuple[int, int, int]:
    """Return what was paid where the list price is known, of it below that, and that weighed."""
    paid = event.value_micros
    if paid <= 0:
        return 0, 0, 0
    list_micros = _list_micros(event)
    if list_micros <= 0:
        return 0, 0, 0
    discount = 1.0 - paid / list_micros
    if discount < NOTICEABLE:
        return paid, 0, 0
    return paid, paid, round(paid * min(1.0, discount / DEEP))


def _list_micros(event: Event) -> float:
    """Return what the line would have cost without any discount; 0: unknown."""
    discount = event.details.get("discount")
    if discount:
        return event.value_micros + float(discount) * 1_000_000
    return event.price_micros * event.quantity


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
        one.priced_micros + other.priced_micros,
        one.promoted_micros + other.promoted_micros,
        one.bargain_micros + other.bargain_micros,
        one.returned_micros + other.returned_micros,
    )

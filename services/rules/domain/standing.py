"""A decision sticks: its ranked order stands for the same question, and leads a kindred one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.rules.domain.definitions import Placement


@dataclass(frozen=True, slots=True)
class StandingKey:
    """What has to be equal for an earlier decision to stand."""

    digest: bytes
    token: int
    bundle_hash: str


@dataclass(frozen=True, slots=True)
class StandingRow:
    """The ranked order of one placement of an earlier decision, under the same context."""

    placement: str
    limit: int
    decision_id: str
    offer_nos: tuple[int, ...]
    """What was chosen, then the next best."""
    sources: tuple[int, ...]
    """Where each had come from."""
    made_us: int


@dataclass(frozen=True, slots=True)
class Order:
    """The order that one placement of a request is to keep."""

    placement: str
    offer_nos: tuple[int, ...]
    sources: tuple[int, ...]
    exact: bool
    """Nothing else may be shown; else it leads and others follow."""
    decision_id: str


def standing_orders(
    asks: Sequence[tuple[str, int]],
    rows: Sequence[StandingRow],
    placements: Mapping[str, Placement],
) -> list[Order]:
    """Return the orders that stand or lead, for placements asked as (name, limit)."""
    orders = []
    for name, limit in asks:
        row = _exact(name, limit, rows) or _leading(name, rows, placements)
        if row is not None:
            exact = row.placement == name and row.limit == limit
            # What leads is what was shown; the next best of another placement never were.
            count = len(row.offer_nos) if exact else row.limit
            orders.append(
                Order(name, row.offer_nos[:count], row.sources[:count], exact, row.decision_id)
            )
    return orders


def standing_decision(asks: Sequence[tuple[str, int]], orders: Sequence[Order]) -> str:
    """Return the one decision that stands for all placements asked, else an empty string."""
    exact = {order.placement: order.decision_id for order in orders if order.exact}
    decisions = {exact.get(name, "") for name, _ in asks}
    return decisions.pop() if len(decisions) == 1 else ""


def _exact(name: str, limit: int, rows: Sequence[StandingRow]) -> StandingRow | None:
    return next((row for row in rows if row.placement == name and row.limit == limit), None)


def _leading(
    name: str, rows: Sequence[StandingRow], placements: Mapping[str, Placement]
) -> StandingRow | None:
    kinds = placements[name].kinds
    kindred = [
        row
        for row in rows
        if row.placement == name
        or (row.placement in placements and placements[row.placement].kinds & kinds)
    ]
    return max(kindred, key=lambda row: row.made_us, default=None)

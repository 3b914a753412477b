"""The grocer's products as items: readable, distinct, with the price they were sold at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.grocer.departments import (
    ADULT_CATEGORIES,
    LEFT_OUT_CATEGORIES,
    LEFT_OUT_DEPARTMENTS,
)
from demo.grocer.purchases import Sales
from demo.grocer.source import read
from demo.grocer.titles import category_path, distinct_titles, package_size, product_name
from demo.records import decimal

ADULT_AGE = "21"
BOX_LB = 10
FUEL = "GASOLINE"
STORE_BRAND = "Store brand"

# Cost and stock are not in the data: left out, they mean unknown and not tracked.
ITEM_COLUMNS = (
    "item_id", "title", "category", "brand", "price", "currency", "attr.size", "attr.consumable",
    "attr.min_age",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the grocer lists it."""

    product_id: int
    manufacturer_id: int
    department: str
    brand: str
    category: str | None
    type: str
    size: str | None


def read_products(source: Path) -> tuple[Product, ...]:
    """Read the products in ascending order of id, without fuel, coupons and services."""
    columns = [
        "product_id", "manufacturer_id", "department", "brand", "product_category",
        "product_type", "package_size",
    ]  # fmt: skip
    table = read(source, "products", columns).sort_by("product_id")
    rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
    return tuple(product for product in map(_product, rows) if _is_sold(product))


def _product(row: Sequence[Any]) -> Product:
    product_id, manufacturer_id, department, brand, category, product_type, size = row
    return Product(
        product_id, manufacturer_id, department, brand, category, product_type or "", size
    )


def _is_sold(product: Product) -> bool:
    return (
        product.department not in LEFT_OUT_DEPARTMENTS
        and product.category not in LEFT_OUT_CATEGORIES
        and bool(product.type)
        and not product.type.startswith(FUEL)
    )


def product_ids(products: Sequence[Product]) -> NDArray[np.int64]:
    return np.array([product.product_id for product in products], dtype=np.int64)


def item_records(
    products: Sequence[Product], sales: Mapping[int, Sales]
) -> list[dict[str, object]]:
    """Describe every product that was bought, in the columns of ``ITEM_COLUMNS``.

    The most bought come first.
    """
    bought = [product for product in products if product.product_id in sales]
    bought.sort(key=lambda product: -sales[product.product_id].lines)
    brands = [_brand(product) for product in bought]
    titles = distinct_titles(_names(bought), brands)
    return [
        {
            "item_id": str(product.product_id),
            "title": title,
            "category": category_path(product.department, product.category),
            "brand": brand,
            "price": decimal(sales[product.product_id].unit_price_cents),
            "currency": "USD",
            **_attributes(product),
        }
        for product, brand, title in zip(bought, brands, titles, strict=True)
    ]


def _names(products: Sequence[Product]) -> list[str]:
    """Say what each is and how large; most share both with another, so each is worked out once."""
    known: dict[tuple[str, str | None, str, str | None], str] = {}
    for p in products:
        key = p.department, p.category, p.type, p.size
        if key not in known:
            words = product_name(p.category, p.type), _size(p)
            known[key] = ", ".join(filter(None, words))
    return [known[p.department, p.category, p.type, p.size] for p in products]


def _size(product: Product) -> str:
    """Write the size out, but not that of the box in which fruit comes to the store."""
    size = package_size(product.size)
    amount, _, unit = size.partition(" ")
    heavy = unit == "lb" and amount.replace(".", "").isdigit() and float(amount) >= BOX_LB
    boxed = product.department == "PRODUCE" and (heavy or unit == "count")
    return "" if boxed else size


def _brand(product: Product) -> str:
    """Name the brand; the data hide national brands behind their maker's number."""
    return STORE_BRAND if product.brand == "Private" else f"Brand {product.manufacturer_id}"


def _attributes(product: Product) -> dict[str, str | None]:
    return {
        "attr.size": _size(product) or None,
        "attr.consumable": "true",  # a grocer's goods are bought again and again
        "attr.min_age": ADULT_AGE if product.category in ADULT_CATEGORIES else None,
    }

"""The Complete Journey: a grocer, weeks 41 to 44 of 2017 held back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.quality.shop import Log, Shop, ShopMissingError, cut

_LAST_WEEK = 40
_END_WEEK = 44
_FEWEST_HOUSEHOLDS = 10
_NO_GROCERIES = ("FUEL", "COUPON", "MISCELLANEOUS", "CNTRL/STORE SUP")


def load() -> Shop:
    """Return lines of groceries that at least ten households bought before. Raises ShopMissing."""
    from demo.grocer.source import GrocerMissingError, find_source, read

    try:
        source = find_source()
    except GrocerMissingError as error:
        raise ShopMissingError(str(error)) from error
    products = read(
        source,
        "products",
        ["product_id", "manufacturer_id", "department", "product_category", "product_type"],
    )
    lines = read(
        source,
        "transactions",
        [
            *("household_id", "basket_id", "product_id"),
            *("quantity", "sales_value", "week", "transaction_timestamp"),
        ],
    )
    weeks = _column(lines, "week")
    kept = (_column(lines, "quantity") > 0) & (_column(lines, "sales_value") > 0)
    kept &= (weeks <= _END_WEEK) & _are_groceries(_column(lines, "product_id"), products)
    kept[kept] = _bought_by_enough(lines, kept, weeks <= _LAST_WEEK)
    ids = _column(lines, "product_id")[kept]
    times_us = _column(lines, "transaction_timestamp")[kept].astype("datetime64[us]")
    log = Log(
        persons=_column(lines, "household_id")[kept].astype(np.str_),
        items=ids.astype(np.str_),
        baskets=_column(lines, "basket_id")[kept].astype(np.str_),
        times_us=times_us.astype(np.int64),
        titles=_texts(ids, products, "product_type"),
        categories=_categories(ids, products),
        brands=_texts(ids, products, "manufacturer_id"),
    )
    is_later = weeks[kept] > _LAST_WEEK
    now_us = int(log.times_us[~is_later].max()) + 1
    return cut("journey", log, is_later, now_us, known=False)


def _are_groceries(ids: NDArray[Any], products: Any) -> NDArray[np.bool_]:
    departments = products["department"].to_numpy()
    is_known = np.array([isinstance(each, str) for each in departments])
    wanted = is_known & ~np.isin(departments.astype(np.str_), _NO_GROCERIES)
    return np.isin(ids, _column(products, "product_id")[wanted])


def _bought_by_enough(
    lines: Any, kept: NDArray[np.bool_], are_before: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    ids, before = _column(lines, "product_id"), kept & are_before
    pairs = np.unique(np.stack((ids[before], _column(lines, "household_id")[before]), 1), axis=0)
    found, households = np.unique(pairs[:, 0], return_counts=True)
    return np.isin(ids[kept], found[households >= _FEWEST_HOUSEHOLDS])


def _categories(ids: NDArray[Any], products: Any) -> NDArray[np.str_]:
    """Return paths of two steps, as an import of these products would give them."""
    above, below = (_texts(ids, products, name) for name in ("department", "product_category"))
    return np.char.add(np.char.add(above, " > "), below)


def _texts(ids: NDArray[Any], products: Any, name: str) -> NDArray[np.str_]:
    known = _column(products, "product_id")
    order = np.argsort(known, kind="stable")
    places = order[known[order].searchsorted(ids)]
    texts = np.array([str(each or "") for each in products[name].to_pylist()], np.str_)
    return texts[places]


def _column(table: Any, name: str) -> NDArray[Any]:
    values: NDArray[Any] = table[name].to_numpy()
    return values

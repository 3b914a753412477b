"""What came first of a customer, last before something, or first after it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.measures.log import Wholes

Rows = NDArray[np.intp]
Keys = NDArray[np.signedinteger]
"""Customers, or whatever else has a time."""


def last_before(key: Keys, time_us: Wholes, of_key: Keys, of_us: Wholes) -> Rows:
    """Return of each row the last one of another log that has its key and is no later; -1: none.

    The later row of the other log counts as the later of the same moment.
    """
    if not len(of_key):
        return np.full(len(key), -1)
    by_time = np.lexsort((of_us, of_key))
    at = _merged(key, time_us, of_key[by_time], of_us[by_time], is_before=True)
    return _same(at, by_time, key, of_key)


def first_after(key: Keys, time_us: Wholes, of_key: Keys, of_us: Wholes) -> Rows:
    """Return of each row the first one of another log that has its key and is no earlier."""
    if not len(of_key):
        return np.full(len(key), -1)
    by_time = np.lexsort((of_us, of_key))
    at = _merged(key, time_us, of_key[by_time], of_us[by_time], is_before=False)
    return _same(at, by_time, key, of_key)


def _merged(key: Keys, time_us: Wholes, of_key: Keys, of_us: Wholes, *, is_before: bool) -> Rows:
    """Return where each row stands in a log sorted by key and time: after its equals, or before."""
    asks = np.concatenate([np.zeros(len(of_key), np.bool_), np.ones(len(key), np.bool_)])
    last = asks if is_before else ~asks
    order = np.lexsort(
        (last, np.concatenate([of_us, time_us]), np.concatenate([of_key, key]).astype(np.int64))
    )
    asked = order[asks[order]] - len(of_key)
    passed = np.cumsum(~asks[order])[asks[order]]
    at = np.empty(len(key), np.intp)
    at[asked] = passed - 1 if is_before else passed
    return at


def _same(at: Rows, by_time: Rows, key: Keys, of_key: Keys) -> Rows:
    """Return the places in the log as it was, -1 where the key is another one."""
    inside = (at >= 0) & (at < len(by_time))
    found = by_time[np.where(inside, at, 0)]
    return np.where(inside & (of_key[found] == key), found, -1)


def first_of(at: Rows | NDArray[np.int32], cells: NDArray[Any], count: int) -> NDArray[Any]:
    """Return for each of so many the first of its cells; 0 where it has none."""
    first = np.zeros(count, cells.dtype)
    first[at[::-1]] = cells[::-1]  # the last of equal indexes stays
    return first


def taken(cells: NDArray[Any], rows: Rows) -> NDArray[Any]:
    """Return the cells of some rows; 0 where there is no row."""
    if not len(cells):
        return np.zeros(len(rows), cells.dtype)
    return np.where(rows >= 0, cells[rows], 0).astype(cells.dtype)

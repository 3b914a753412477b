"""Keys of cells: the words of several facets together as one number."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

BASE = 256
"""A facet has fewer words."""


def cell_keys(table: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return (units, 2^columns) keys of the cells that units belong to; -1: a word is not known.

    The first is that of everybody, the last that of all columns together.
    """
    columns = range(table.shape[1])
    subsets = [each for size in range(len(columns) + 1) for each in combinations(columns, size)]
    keys = np.zeros((len(table), len(subsets)), np.int64)
    for at, subset in enumerate(subsets):
        for column in subset:
            known = (table[:, column] > 0) & (keys[:, at] >= 0)
            digit = table[:, column].astype(np.int64) * BASE**column
            keys[:, at] = np.where(known, keys[:, at] + digit, -1)
    return keys


def places_of(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each wanted key among ascending ones, or -1."""
    if not len(keys):
        return np.full(wanted.shape, -1, np.int64)
    places = np.minimum(keys.searchsorted(wanted), len(keys) - 1)
    found: NDArray[np.int64] = np.where(keys[places] == wanted, places, -1)
    return found


def narrowest(table: NDArray[np.uint8], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the narrowest cell that there is of each unit."""
    cells = np.zeros(len(table), np.int64)
    for column in cell_keys(table).T:  # from the widest to the narrowest
        places = places_of(keys, column)
        cells = np.where(places > 0, places, cells)
    return cells


def wider_keys(key: int) -> list[int]:
    """Return the keys of the cells with one word fewer."""
    digits, place, rest = list[int](), 1, key
    while rest:
        rest, digit = divmod(rest, BASE)
        if digit:
            digits.append(digit * place)
        place *= BASE
    return [key - digit for digit in digits]


def depth(key: int) -> int:
    """Return how many words a cell has."""
    return len(wider_keys(key))

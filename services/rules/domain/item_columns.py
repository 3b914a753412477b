"""The columns of `item`: what the catalogue says of each candidate that is an item of it.

A candidate of another kind has nothing there, whatever its row or what it is about says: a rule
over items acts on no promotion by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from services.rules.domain.catalogue import PRODUCT
from services.rules.domain.offer_columns import integers
from services.rules.domain.values import BoolColumn, Maps, Words, words_of

if TYPE_CHECKING:
    from services.rules.domain.columns import CandidateColumns

_US_PER_DAY = 86_400_000_000.0
_NOT_KNOWN = -1


def _of_items(
    make: Callable[[CandidateColumns], Any], empty: int = 0
) -> Callable[[CandidateColumns], Any]:
    """Return what makes a column, with nothing where a candidate is no item.

    `empty` is what is nothing among numbers.
    """

    def read(columns: CandidateColumns) -> Any:
        column, is_item = make(columns), columns.kinds == PRODUCT
        return column if is_item.all() else _masked(column, is_item, empty)

    return read


def _masked(column: Any, is_item: BoolColumn, empty: int) -> Any:
    if isinstance(column, Words):
        return Words(np.where(is_item, column.codes, len(column.words)), (*column.words, ""))
    if isinstance(column, Maps):
        pairs = zip(column.maps, is_item.tolist(), strict=True)
        return Maps([each if is_one else {} for each, is_one in pairs])
    return np.where(is_item, column, column.dtype.type(empty))


def _as_offer(name: str) -> Callable[[CandidateColumns], Any]:
    """Return what reads a field that an item has as an offer, too."""
    return lambda columns: columns[f"offer.{name}"]


def _families(columns: CandidateColumns) -> Words:
    catalogue = columns.catalogue
    ids, roots = catalogue.offer_ids, catalogue.family_no[columns.offer_nos].tolist()
    return words_of([ids[root] if root < len(ids) else "" for root in roots])


def _days_since_released(columns: CandidateColumns) -> npt.NDArray[np.float64]:
    released_us = columns.catalogue.released_us[columns.offer_nos]
    days = np.maximum(columns.moment.now_us - released_us, 0) / _US_PER_DAY
    return np.where(released_us != 0, days, float(_NOT_KNOWN))


ITEM_COLUMNS: Mapping[str, Callable[[CandidateColumns], Any]] = {
    "item.id": _of_items(_as_offer("id")),
    "item.category": _of_items(_as_offer("category")),
    "item.brand": _of_items(_as_offer("brand")),
    "item.price_micros": _of_items(_as_offer("price_micros")),
    "item.stock": _of_items(_as_offer("stock"), _NOT_KNOWN),
    "item.min_age": _of_items(integers("min_age")),
    "item.is_consumable": _of_items(_as_offer("is_consumable")),
    "item.attributes": _of_items(_as_offer("attributes")),
    "item.family": _of_items(_families),
    "item.days_since_released": _of_items(_days_since_released, _NOT_KNOWN),
}
"""What makes each field of `item`."""

ITEMS_OF_CATALOGUE = frozenset(ITEM_COLUMNS) - {
    "item.attributes",
    "item.days_since_released",
    "item.family",
    "item.id",
}
"""What of an item is settled by its row alone, and quickly read for many."""

"""What ranking needs of the catalogue, kept beside it so that ranking may run in a thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.sizes import Sizes
from shared.catalogue import Catalogue

_SLICE_ROWS = 20_000
"""Copied at once: less than a millisecond."""
_COLUMNS = (
    *("kind", "channel_bits", "family_no", "category_no", "stock"),
    *("starts_us", "ends_us", "released_us", "withdrawn"),
)


@dataclass(frozen=True, slots=True)
class Goods:
    """What ranking needs, all indexed by offer number, safe to use in a thread."""

    kind: NDArray[np.uint8]
    channel_bits: NDArray[np.uint32]
    family_no: NDArray[np.uint32]
    category_no: NDArray[np.int32]
    value_micros: NDArray[np.int64]
    """In the home currency."""
    stock: NDArray[np.int64]
    starts_us: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    released_us: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]
    size_no: NDArray[np.int32]
    """Number of the size a variant has; 0: none."""
    heat: NDArray[np.float64]
    sold: NDArray[np.uint32]
    ancestors: NDArray[np.int32]
    """Depth (0: top) by category: the ancestor there, 0 below the category's own depth."""

    @classmethod
    def copied(
        cls,
        catalogue: Catalogue,
        size_no: NDArray[np.int32],
        heat: NDArray[np.float64],
        sold: NDArray[np.uint32],
        ancestors: NDArray[np.int32],
    ) -> Goods:
        """Copy the columns of a catalogue; the other arrays must be as long as its `size`."""
        size = catalogue.size
        columns = {name: getattr(catalogue, name)[:size].copy() for name in _COLUMNS}
        values = catalogue.home_values(slice(0, size)).copy()
        return cls(
            **columns,
            value_micros=values,
            size_no=size_no,
            heat=heat,
            sold=sold,
            ancestors=ancestors,
        )


class GoodsCopy:
    """Copies of the columns that follow the catalogue: only what changed is copied again.

    Nothing is written to them but by `step`, so a thread may read them until its next call.
    """

    def __init__(self, catalogue: Catalogue, sizes: Sizes) -> None:
        self._catalogue = catalogue
        self._sizes = sizes
        self._columns: dict[str, NDArray[Any]] = {
            name: np.zeros(0, getattr(catalogue, name).dtype) for name in _COLUMNS
        }
        self._size_no = np.zeros(0, np.int32)
        self._value_micros = np.zeros(0, np.int64)
        self._changed: list[NDArray[np.int64]] = []
        self._copied = 0

    def changed(self, offer_nos: NDArray[np.int64]) -> None:
        """Say that rows changed."""
        self._changed.append(offer_nos)

    def step(self) -> bool:
        """Copy a little more; true once there is nothing left that differs."""
        size = self._catalogue.size
        self._reserve(size)
        if self._copied < size:
            end = min(self._copied + _SLICE_ROWS, size)
            self._copy(np.arange(self._copied, end))
            self._copied = end
            return False
        if not self._changed:
            return True
        nos = self._changed.pop()
        if len(nos) > _SLICE_ROWS:
            self._changed.append(nos[_SLICE_ROWS:])
        self._copy(nos[:_SLICE_ROWS])
        return False

    def goods(
        self, heat: NDArray[np.float64], sold: NDArray[np.uint32], ancestors: NDArray[np.int32]
    ) -> Goods:
        """Return the columns as they were copied, up to the length of the given ones."""
        size = len(heat)
        columns = {name: column[:size] for name, column in self._columns.items()}
        return Goods(
            **columns,
            value_micros=self._value_micros[:size],
            size_no=self._size_no[:size],
            heat=heat,
            sold=sold,
            ancestors=ancestors,
        )

    def _copy(self, offer_nos: NDArray[np.int64]) -> None:
        for name, column in self._columns.items():
            column[offer_nos] = getattr(self._catalogue, name)[offer_nos]
        self._value_micros[offer_nos] = self._catalogue.home_values(offer_nos)
        self._size_no[offer_nos] = self._sizes.numbers_of(offer_nos)

    def _reserve(self, size: int) -> None:
        """Make room for a good many more, so that it has to be made rarely.

        All is copied anew then, in slices: to copy the old ones over at once would take longer.
        """
        if size > len(self._size_no):
            capacity = size + max(1024, size // 8)
            self._columns = {
                name: np.zeros(capacity, column.dtype) for name, column in self._columns.items()
            }
            self._size_no = np.zeros(capacity, np.int32)
            self._value_micros = np.zeros(capacity, np.int64)
            self._copied = 0
            self._changed.clear()


def changed_nos(offer_nos: Sequence[int] | NDArray[np.integer]) -> NDArray[np.int64]:
    """Return numbers as an array; a range, which may be long, without going over it."""
    if isinstance(offer_nos, range):
        return np.arange(offer_nos.start, offer_nos.stop, offer_nos.step)
    return np.asarray(offer_nos, np.int64)

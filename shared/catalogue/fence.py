"""A fence around categories: what a request keeps within, and what it keeps out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

_PRODUCT = 1
Mask = npt.NDArray[np.bool_]


class CategoryTree(Protocol):
    """The category paths of a catalogue."""

    def __len__(self) -> int: ...

    def find(self, text: str) -> int:
        """Return the number of a path, 0 when it is not known."""
        ...

    def under(self, ancestor: int) -> Mask:
        """Return by category number whether it is `ancestor` or lies below it."""
        ...


class Offered(Protocol):
    """What a fence reads of a catalogue."""

    kind: npt.NDArray[np.uint8]
    category_no: npt.NDArray[np.int32]
    about_nos: dict[int, tuple[int, ...]]
    about_categories: dict[int, tuple[int, ...]]

    @property
    def categories(self) -> CategoryTree: ...


@dataclass(frozen=True, slots=True)
class Fence:
    """Paths of categories, each with all below it; equal for requests that mean the same."""

    within: tuple[str, ...]
    """Nothing of other categories; empty: of any."""
    without: tuple[str, ...]
    """Nothing of these."""

    @classmethod
    def of(cls, within: Iterable[str], without: Iterable[str]) -> Fence | None:
        """Return the fence of a request; None where it has none."""
        fence = cls(tuple(sorted(set(within))), tuple(sorted(set(without))))
        return fence if fence.within or fence.without else None

    def holds(self, catalogue: Offered, rows: slice | npt.NDArray[np.integer]) -> Mask:
        """Return which offers are inside; of a slice, those from number 0 on.

        An item is where its category is. An offer that is no item is inside where anything that it
        is about is within, and nothing of it is without; one that is about nothing always is.
        """
        categories = catalogue.categories
        inside = _under(self.within, categories) if self.within else np.ones(len(categories), bool)
        barred = _under(self.without, categories)
        held: Mask = (inside & ~barred)[catalogue.category_no[rows]]
        for place in (catalogue.kind[rows] > _PRODUCT).nonzero()[0].tolist():
            about = _about(catalogue, place if isinstance(rows, slice) else int(rows[place]))
            held[place] = not about or bool(inside[about].any() and not barred[about].any())
        return held


def _under(paths: Iterable[str], categories: CategoryTree) -> Mask:
    mask = np.zeros(len(categories), np.bool_)
    for number in filter(None, map(categories.find, paths)):
        mask |= categories.under(number)
    return mask


def _about(catalogue: Offered, offer_no: int) -> list[int]:
    """Return the categories that an offer is about, by itself or by its items."""
    items = list(catalogue.about_nos.get(offer_no, ()))
    return [*catalogue.about_categories.get(offer_no, ()), *catalogue.category_no[items].tolist()]

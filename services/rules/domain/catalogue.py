"""What rules read of the catalogue: a port that the kit's catalogue keeps."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np
import numpy.typing as npt

from services.rules.domain.values import BoolColumn
from shared.exchange import CurrencyNames

KINDS = ("", "PRODUCT", "PROMOTION", "CONTENT", "SERVICE", "SURVEY")
"""Kinds of offers by their number in the catalogue."""
PRODUCT = 1
SOURCES = (
    *("", "FOR_YOU", "PEOPLE_LIKE_YOU", "ALSO_BOUGHT", "BOUGHT_NEXT", "SIMILAR", "IN_SESSION"),
    *("BUY_AGAIN", "INSTEAD_OF", "GOES_WITH_CART", "GIFT", "AS_ASKED_FOR", "POPULAR", "TRENDING"),
    *("OFFER", "JOURNEY", "DEFAULT", "EXTERNAL"),
)
"""Sources of candidates by their number in `common.v1.Source`."""


class WordList(Protocol):
    """Strings by number, such as the brands of the catalogue."""

    def text(self, number: int) -> str: ...

    def find(self, text: str) -> int:
        """Return the number of a string, 0 when it is not known."""
        ...


class CategoryTree(WordList, Protocol):
    """Category paths by number."""

    def __len__(self) -> int: ...

    def under(self, ancestor: int) -> BoolColumn:
        """Return a mask over category numbers: `ancestor` and all below it."""
        ...


class CatalogueColumns(Protocol):
    """What rules read of the catalogue: arrays indexed by offer number."""

    version: int
    """Changes whenever a row does."""
    kind: npt.NDArray[np.uint8]
    family_no: npt.NDArray[np.uint32]
    category_no: npt.NDArray[np.int32]
    brand_no: npt.NDArray[np.int32]
    consent_no: npt.NDArray[np.int32]
    price_micros: npt.NDArray[np.int64]
    value_micros: npt.NDArray[np.int64]
    stock: npt.NDArray[np.int64]
    starts_us: npt.NDArray[np.int64]
    ends_us: npt.NDArray[np.int64]
    released_us: npt.NDArray[np.int64]
    min_age: npt.NDArray[np.uint16]
    channel_bits: npt.NDArray[np.uint32]
    withdrawn: BoolColumn
    is_default: BoolColumn
    is_consumable: BoolColumn
    price_led: BoolColumn
    members_only: BoolColumn
    personal: BoolColumn
    type_no: npt.NDArray[np.int32]
    currency_no: npt.NDArray[np.int32]
    size: int
    """How many rows it has."""
    offer_ids: list[str]
    about_nos: dict[int, tuple[int, ...]]
    about_categories: dict[int, tuple[int, ...]]

    @property
    def categories(self) -> CategoryTree: ...

    @property
    def brands(self) -> WordList: ...

    @property
    def purposes(self) -> WordList: ...

    @property
    def types(self) -> WordList: ...

    @property
    def currencies(self) -> CurrencyNames: ...


@lru_cache(maxsize=256)
def page_bits(kinds: tuple[frozenset[int], ...]) -> npt.NDArray[np.uint32]:
    """Return for each kind of offer a bit for every place of a page that shows it."""
    bits = np.zeros(len(KINDS), np.uint32)
    for index, shown in enumerate(kinds):
        bits[kind_mask(shown)] |= np.uint32(1 << index)
    return bits


@lru_cache(maxsize=256)
def kind_mask(kinds: frozenset[int]) -> BoolColumn:
    """Return a mask over kinds of offers, to be indexed by their numbers."""
    return np.isin(np.arange(len(KINDS)), list(kinds))

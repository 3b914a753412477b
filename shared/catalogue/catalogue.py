"""The columnar catalogue: NumPy arrays indexed by `offer_no`, changed row by row in place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from sys import intern
from typing import Any

import numpy as np
import numpy.typing as npt

from shared.catalogue.dictionary import Categories, Dictionary
from shared.catalogue.variants import Variants
from shared.exchange import NO_EXCHANGE
from shared.languages import nearest
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow

ALL_CHANNELS = 0xFFFF_FFFF
"""`channel_bits` of an offer that is meant for every channel."""
_FIRST_CAPACITY = 1024


class CatalogueGapError(Exception):
    """A batch does not join on to the version held: fetch from that version on."""


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    dtype: type[np.generic]
    read: Callable[[CatalogueRow], int | float]


def _channel_bits(row: CatalogueRow) -> int:
    channels = row.channels
    return sum(1 << channel for channel in set(channels)) if channels else ALL_CHANNELS


def _says(attribute: str) -> Callable[[CatalogueRow], bool]:
    """Return what reads an attribute that is true or false."""
    return lambda row: row.attributes.get(attribute) == "true"


_COLUMNS = (
    _Column("kind", np.uint8, attrgetter("kind")),
    _Column("family_no", np.uint32, attrgetter("family_no")),
    _Column("price_micros", np.int64, attrgetter("price_micros")),
    _Column("cost_micros", np.int64, attrgetter("cost_micros")),
    _Column("value_micros", np.int64, attrgetter("value_micros")),
    _Column("stock", np.int64, attrgetter("stock")),
    _Column("starts_us", np.int64, attrgetter("starts_us")),
    _Column("ends_us", np.int64, attrgetter("ends_us")),
    _Column("released_us", np.int64, attrgetter("released_us")),
    _Column("lever", np.float32, attrgetter("lever")),
    _Column("set_lever", np.float32, lambda row: row.set_lever or 1.0),
    _Column("set_lever_until_us", np.int64, attrgetter("set_lever_until_us")),
    _Column("min_age", np.uint16, attrgetter("min_age")),
    _Column("channel_bits", np.uint32, _channel_bits),
    _Column("withdrawn", np.bool_, attrgetter("withdrawn")),
    _Column("is_default", np.bool_, attrgetter("is_default")),
    _Column("is_defined", np.bool_, attrgetter("is_defined")),
    _Column("is_journey_only", np.bool_, attrgetter("is_journey_only")),
    _Column("is_consumable", np.bool_, attrgetter("is_consumable")),
    _Column("price_led", np.bool_, _says("price_led")),
    _Column("members_only", np.bool_, _says("members_only")),
    _Column("personal", np.bool_, _says("personal")),
)


class Catalogue:
    """Items and offers by number; row 0 and numbers never heard of have kind 0.

    Arrays may be longer than `size` and are replaced when they grow, so take them from here anew
    after each await. Numbers are never reused; a withdrawn offer keeps its row.
    """

    kind: npt.NDArray[np.uint8]
    """`OfferKind`; 0: not known."""
    family_no: npt.NDArray[np.uint32]
    """Number of the family's root item; 0 for offers that are no product."""
    category_no: npt.NDArray[np.int32]
    """Number in `categories`."""
    brand_no: npt.NDArray[np.int32]
    """Number in `brands`."""
    consent_no: npt.NDArray[np.int32]
    """Number in `purposes` of the consent it needs; 0: none."""
    price_micros: npt.NDArray[np.int64]
    cost_micros: npt.NDArray[np.int64]
    """-1: unknown."""
    value_micros: npt.NDArray[np.int64]
    stock: npt.NDArray[np.int64]
    """-1: not tracked."""
    starts_us: npt.NDArray[np.int64]
    ends_us: npt.NDArray[np.int64]
    """0: no end."""
    released_us: npt.NDArray[np.int64]
    lever: npt.NDArray[np.float32]
    """The offer's own; 1 is neutral."""
    set_lever: npt.NDArray[np.float32]
    """What somebody set by hand, beside it."""
    set_lever_until_us: npt.NDArray[np.int64]
    """Business time; 0: until it is set anew."""
    min_age: npt.NDArray[np.uint16]
    channel_bits: npt.NDArray[np.uint32]
    """Bit `1 << Channel` per channel it is meant for."""
    withdrawn: npt.NDArray[np.bool_]
    is_default: npt.NDArray[np.bool_]
    is_defined: npt.NDArray[np.bool_]
    """Written by the definitions: proposed only under a bundle that has it."""
    is_journey_only: npt.NDArray[np.bool_]
    is_consumable: npt.NDArray[np.bool_]
    """Used up and bought again."""
    price_led: npt.NDArray[np.bool_]
    members_only: npt.NDArray[np.bool_]
    personal: npt.NDArray[np.bool_]
    """These three are attributes of their name."""
    currency_no: npt.NDArray[np.int32]
    """Number in `currencies` of what its amounts are in; 0: it has none."""
    type_no: npt.NDArray[np.int32]
    """Number in `types` of what it is among its kind, the attribute `type`; 0: not said."""

    def __init__(
        self, *, details: bool = False, variants: bool = False, translations: bool = False
    ) -> None:
        """Keep `details` (creatives, attributes) only where they are shown or asked for.

        Keep what tells `variants` of a family apart only where events are stamped with it, and
        `translations` of titles only where people are spoken or written to.
        """
        self.version = 0
        self.size = 1
        """One more than the highest number known."""
        self.categories = Categories()
        self.brands = Dictionary()
        self.purposes = Dictionary()
        self.types = Dictionary()
        self.currencies = Dictionary()
        self.exchange = NO_EXCHANGE
        """By which amounts are converted into the home currency."""
        self.offer_ids: list[str] = [""]
        self.titles: list[str] = [""]
        self.about_nos: dict[int, tuple[int, ...]] = {}
        """Items that an offer is about, of those that are about any."""
        self.about_categories: dict[int, tuple[int, ...]] = {}
        """Numbers of the categories that an offer is about."""
        self.translated: set[int] = set()
        """What has words in other languages than its own."""
        self.titles_by_language: dict[int, Mapping[str, str]] = {}
        """Titles in other languages than its own, of what has any; only with `translations`."""
        self._numbers: dict[str, int] = {}
        self._details: list[bytes] | None = [b""] if details else None
        self._variants = Variants() if variants else None
        self._translations = translations
        self._allocate(_FIRST_CAPACITY)

    def offer_no(self, offer_id: str) -> int:
        """Return the number of an offer or item, 0 when it is not known."""
        return self._numbers.get(offer_id, 0)

    def offer_nos(self, offer_ids: Iterable[str]) -> list[int]:
        """Return the numbers of those that are known, in the order given."""
        numbers = self._numbers
        return [numbers[offer_id] for offer_id in offer_ids if offer_id in numbers]

    def known(self, offer_nos: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Return which numbers may be used as an index and stand for something."""
        known: npt.NDArray[np.bool_] = self.kind[offer_nos * (offer_nos < self.size)] > 0
        return known

    def title(self, offer_no: int, locale: str) -> str:
        """Return a title in the language of a locale, else its own; empty: no such offer.

        Its own as well where no translations are kept.
        """
        if not 0 < offer_no < self.size:
            return ""
        others = self.titles_by_language.get(offer_no)
        language = nearest(locale, others) if others and locale else ""
        return others[language] if others and language else self.titles[offer_no]

    def details(self, offer_no: int) -> CatalogueRow:
        """Return the whole row; only where the catalogue keeps details, KeyError if unknown."""
        assert self._details is not None, "this catalogue keeps no details"
        if not 0 < offer_no < self.size or not self._details[offer_no]:
            raise KeyError(offer_no)
        return CatalogueRow.FromString(self._details[offer_no])

    def variant(self, offer_no: int) -> Mapping[str, str]:
        """Return what tells an item from others of its family; nothing where that is not kept."""
        if self._variants is None:
            return {}
        return self._variants.of(offer_no, int(self.family_no[offer_no]))

    def levers_set(self, offer_nos: npt.NDArray[Any], now_us: int) -> npt.NDArray[np.float64]:
        """Return what somebody set by hand of each offer, as it holds at a time; 1: nothing."""
        until_us = self.set_lever_until_us[offer_nos]
        is_over = (until_us > 0) & (until_us <= now_us)
        return np.where(is_over, 1.0, self.set_lever[offer_nos])

    @property
    def only_currency(self) -> str:
        """Return what all amounts are in; empty where there are several, or none."""
        known = self.currencies.texts()[1:]
        return known[0] if len(known) == 1 else ""

    def home_prices(self, rows: slice | npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return prices in the home currency, 0 where no rate is known; not to be written to."""
        return self.exchange.at_home(self.price_micros[rows], rows, self)

    def home_values(self, rows: slice | npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Return values in the home currency, 0 where no rate is known; not to be written to."""
        return self.exchange.at_home(self.value_micros[rows], rows, self)

    def paid_at_home(
        self, micros: npt.NDArray[np.int64], offer_nos: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Return what was paid for offers in the home currency, as events tell of it."""
        known = np.where(offer_nos < self.size, offer_nos, 0)
        return self.exchange.at_home(micros, known, self)

    def fill(
        self,
        version: int,
        columns: Mapping[str, npt.NDArray[Any]],
        offer_ids: list[str],
        titles: list[str],
    ) -> None:
        """Hold whole columns, with room for more; for one that was empty until now."""
        self.size = len(offer_ids)
        self._allocate(self.size + max(_FIRST_CAPACITY, self.size // 8))
        for name, _ in COLUMN_TYPES:
            getattr(self, name)[: self.size] = columns[name]
        self.offer_ids, self.titles = offer_ids, titles
        self.version = version
        self._numbers = dict(zip(offer_ids, range(self.size), strict=True))
        self._numbers.pop("", None)

    def take_over(self, other: Catalogue) -> None:
        """Become what another one holds, which is not used any more."""
        exchange = self.exchange
        self.__dict__.update(other.__dict__)
        self.exchange = exchange

    def apply(self, batch: CatalogueBatch) -> list[int]:
        """Take over a batch and return the numbers it changed, none when it was known already.

        Raises `CatalogueGapError` when versions between the one held and this are missing.
        """
        if batch.version <= self.version:
            return []
        if batch.previous_version > self.version:
            raise CatalogueGapError(f"{self.version} is followed by {batch.previous_version}")
        if batch.rows:
            self._write(list(batch.rows))  # each look into the message makes its row anew
        self.version = batch.version
        return [row.offer_no for row in batch.rows]

    def _write(self, rows: Sequence[CatalogueRow]) -> None:
        numbers = np.fromiter((row.offer_no for row in rows), np.int64, len(rows))
        self._grow(int(numbers.max()) + 1)
        for column in _COLUMNS:
            values = np.fromiter(map(column.read, rows), column.dtype, len(rows))
            getattr(self, column.name)[numbers] = values
        self._write_dictionaries(numbers, rows)
        for row in rows:
            self._write_texts(row)
        if self._variants is not None:
            self._variants.put(rows, self.size)

    def _write_dictionaries(
        self, numbers: npt.NDArray[np.int64], rows: Sequence[CatalogueRow]
    ) -> None:
        categories, brands, purposes = self.categories, self.brands, self.purposes
        self.category_no[numbers] = [categories.number(row.category) for row in rows]
        self.brand_no[numbers] = [brands.number(row.brand) for row in rows]
        self.consent_no[numbers] = [purposes.number(row.needs_consent) for row in rows]
        self.type_no[numbers] = [self.types.number(row.attributes.get("type", "")) for row in rows]
        self.currency_no[numbers] = [self.currencies.number(row.currency) for row in rows]

    def _write_texts(self, row: CatalogueRow) -> None:
        number = row.offer_no
        self._numbers[row.offer_id] = number
        self.offer_ids[number] = row.offer_id
        self.titles[number] = row.title
        if row.creative.words:
            self.translated.add(number)
        else:
            self.translated.discard(number)
        if self._translations:
            self._write_translations(row)
        _keep(self.about_nos, number, tuple(row.about_nos))
        _keep(
            self.about_categories,
            number,
            tuple(self.categories.number(path) for path in row.about_categories),
        )
        if self._details is not None:
            self._details[number] = row.SerializeToString()

    def _write_translations(self, row: CatalogueRow) -> None:
        titles = {intern(each.language): each.title for each in row.creative.words if each.title}
        if titles:
            self.titles_by_language[row.offer_no] = titles
        else:
            self.titles_by_language.pop(row.offer_no, None)

    def _grow(self, size: int) -> None:
        if size <= self.size:
            return
        missing = size - self.size
        self.offer_ids.extend([""] * missing)
        self.titles.extend([""] * missing)
        if self._details is not None:
            self._details.extend([b""] * missing)
        self.size = size
        if size > len(self.kind):
            self._allocate(max(size, 2 * len(self.kind)))

    def _allocate(self, capacity: int) -> None:
        for name, dtype in COLUMN_TYPES:
            grown = np.zeros(capacity, dtype)
            held: npt.NDArray[Any] | None = getattr(self, name, None)
            if held is not None:
                grown[: len(held)] = held
            setattr(self, name, grown)


COLUMN_TYPES: tuple[tuple[str, type[np.generic]], ...] = (
    *((column.name, column.dtype) for column in _COLUMNS),
    ("category_no", np.int32),
    ("brand_no", np.int32),
    ("consent_no", np.int32),
    ("type_no", np.int32),
    ("currency_no", np.int32),
)
"""All columns of numbers and their types."""


def _keep(kept: dict[int, tuple[int, ...]], number: int, values: tuple[int, ...]) -> None:
    if values:
        kept[number] = values
    else:
        kept.pop(number, None)

"""A catalogue of a million items, made by a seed and written in one stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import asyncpg
import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.terms import ItemTexts
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow
from touchpoint.common.v1.vocabulary_pb2 import OfferKind

ITEMS = 1_060_000
"""Variants among them: more than a million families."""
_CATEGORIES = 2_000
_BRANDS = 5_000
_PER_VERSION = 2_000
_SHARE_OF_VARIANTS = 0.07
_MOST_VARIANTS = 5
_SHARE_SOLD_OUT = 0.03
_OFFERS = 400
"""Promotions and guides beside the items, each about a department, an aisle, a shelf or an item."""
_SIZES = ("36", "38", "40", "42", "44", "S", "M", "L", "XL")
COLOURS = ("black", "white", "red", "blue", "green", "grey", "brown", "yellow")
_WORDS = (
    *("alpine", "classic", "compact", "cordless", "cotton", "double", "folding", "garden", "grand"),
    *("heavy", "light", "little", "modern", "natural", "outdoor", "portable", "quiet", "rapid"),
    *(
        "silver",
        "smart",
        "soft",
        "solid",
        "sport",
        "summer",
        "travel",
        "urban",
        "vintage",
        "winter",
    ),
)
_COLUMNS = (
    *("offer_no", "offer_id", "kind", "content", "variant_of", "family_no", "about_nos"),
    *("is_defined", "version"),
)
_SET_VERSION = "UPDATE catalogue_version SET version = $1, last_offer_no = $2"


@dataclass(frozen=True, slots=True)
class LargeCatalogue:
    """What tells the items apart; columns by offer number - 1."""

    family_nos: NDArray[np.uint32]
    """The root of each one's family: most are their own, some are sizes of the one before."""
    category: NDArray[np.int64]
    brand: NDArray[np.int64]
    price_cents: NDArray[np.int64]
    stock: NDArray[np.int64]

    @classmethod
    def made(cls, seed: int = 1, count: int = ITEMS) -> LargeCatalogue:
        """Make one: few categories and brands have most of the items, as in any shop."""
        rng = np.random.default_rng(seed)
        nos = np.arange(1, count + 1, dtype=np.uint32)
        is_variant = rng.random(count) < _SHARE_OF_VARIANTS
        roots = nos - (nos - 1) % _MOST_VARIANTS
        family_nos = np.where(is_variant, roots, nos).astype(np.uint32)
        category = np.minimum(rng.pareto(1.0, count) * 150, _CATEGORIES - 1).astype(np.int64)
        brand = np.minimum(rng.pareto(1.0, count) * 300, _BRANDS - 1).astype(np.int64)
        stock = rng.integers(1, 200, count)
        stock[rng.random(count) < _SHARE_SOLD_OUT] = 0
        of_root = family_nos.astype(np.int64) - 1
        return cls(
            family_nos=family_nos,
            category=category[of_root],
            brand=brand[of_root],
            price_cents=np.exp(rng.normal(7.5, 1.0, count)).astype(np.int64)[of_root] + 99,
            stock=stock,
        )

    @property
    def version(self) -> int:
        """The version of the catalogue when it has been written: the last one brings the offers."""
        return -(-len(self.family_nos) // _PER_VERSION) + 1

    def texts(self, offer_nos: NDArray[np.uint32]) -> ItemTexts:
        """Return what is written about some items."""
        places = (offer_nos.astype(np.int64) - 1).tolist()
        return ItemTexts(
            offer_nos,
            [self.title(at) for at in places],
            [self.category_path(int(self.category[at])) for at in places],
            [f"Brand {self.brand[at]}" for at in places],
            self.price_cents[places] * 10_000,
        )

    def title(self, at: int) -> str:
        """Return the title of the item at a place of the columns."""
        first, second = _WORDS[at % len(_WORDS)], _WORDS[at // len(_WORDS) % len(_WORDS)]
        category = int(self.category[at])
        return f"{first} {second} {_WORDS[category % len(_WORDS)]} {category}-{at % 977}"

    def category_path(self, number: int) -> str:
        """Return the path of a category: 20 departments of 10 aisles of 10 shelves."""
        return f"Department {number // 100} > Aisle {number // 10} > Shelf {number}"


async def write_catalogue(connection: asyncpg.Connection, made: LargeCatalogue) -> None:
    """Write a catalogue into an empty schema of retrieval."""
    async with connection.transaction():
        await connection.copy_records_to_table(
            "offers", records=records(made), columns=list(_COLUMNS)
        )
        await connection.execute(_SET_VERSION, made.version, len(made.family_nos) + _OFFERS)
    await connection.execute("ANALYZE offers")


def records(made: LargeCatalogue) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a catalogue, its items before its offers, as `_COLUMNS`."""
    return chain(_items(made), _offers(made))


def _items(made: LargeCatalogue) -> Iterator[tuple[object, ...]]:
    columns = (made.family_nos, made.category, made.brand, made.price_cents, made.stock)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for at, (family_no, category, brand, cents, stock) in enumerate(rows):
        row = CatalogueRow(
            offer_id=f"item-{at + 1:07d}",
            kind=OfferKind.PRODUCT,
            title=made.title(at),
            category=made.category_path(category),
            brand=f"Brand {brand}",
            price_micros=cents * 10_000,
            cost_micros=cents * 6_000,
            value_micros=cents * 4_000,
            currency="USD",
            stock=stock,
            lever=1.0,
            is_consumable=category % 4 == 0,
        )
        row.attributes["colour"] = COLOURS[at % len(COLOURS)]
        is_variant = family_no != at + 1
        if is_variant:
            row.attributes["size"] = _SIZES[at % len(_SIZES)]
        yield (
            *(at + 1, row.offer_id, row.kind, row.SerializeToString(deterministic=True)),
            *(f"item-{family_no:07d}" if is_variant else "", family_no, (), False),
            at // _PER_VERSION + 1,
        )


def _offers(made: LargeCatalogue) -> Iterator[tuple[object, ...]]:
    items = len(made.family_nos)
    for number in range(_OFFERS):
        kind = OfferKind.PROMOTION if number % 2 else OfferKind.CONTENT
        path = made.category_path(int(made.category[number * (items // _OFFERS)]))
        row = CatalogueRow(
            offer_id=f"offer-{number:03d}",
            kind=kind,
            title=f"Offer {number}",
            value_micros=1_000_000 + number,
            stock=-1,
            lever=1.0,
        )
        about_nos = (number + 1,) if number % 4 == 3 else ()
        if not about_nos:
            steps = path.split(" > ")
            row.about_categories.append(" > ".join(steps[: 1 + number % 4]))
        yield (
            *(items + 1 + number, row.offer_id, kind, row.SerializeToString(deterministic=True)),
            *("", 0, about_nos, False, made.version),
        )

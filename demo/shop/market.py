"""The shop's items as its people meet them: by category, by family, by popularity."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.shop.model import Item, Taste


@dataclass(frozen=True, slots=True)
class Market:
    """Heads of families by category, all variants by head, and how popular each family is."""

    by_id: Mapping[str, Item]
    heads: Mapping[str, tuple[Item, ...]]
    variants: Mapping[str, tuple[Item, ...]]
    popularity: Mapping[str, float]

    @classmethod
    def of(cls, items: Sequence[Item], seed: int) -> Market:
        heads: dict[str, list[Item]] = {}
        variants: dict[str, list[Item]] = {}
        for item in items:
            variants.setdefault(item.family, []).append(item)
            if not item.variant_of:
                heads.setdefault(item.category, []).append(item)
        return cls(
            by_id={item.item_id: item for item in items},
            heads={category: tuple(found) for category, found in heads.items()},
            variants={family: tuple(found) for family, found in variants.items()},
            popularity=_popularity(heads, random.Random(f"{seed}/popularity")),
        )


def _popularity(heads: Mapping[str, list[Item]], rng: random.Random) -> dict[str, float]:
    """Within a category a few products draw most of the interest, as 1 / rank."""
    popularity: dict[str, float] = {}
    for found in heads.values():
        order = rng.sample(found, len(found))
        popularity.update((head.item_id, 1 / (rank + 1.5)) for rank, head in enumerate(order))
    return popularity


def appeal(taste: Taste, item: Item) -> float:
    """How much a person is drawn to an item within its category, above 0, 1 is neutral."""
    liked = 2.2 if item.brand in taste.brands else 1.0
    dearness = min(1.0, item.price_cents / 200_000)
    return liked * (1.0 - 0.7 * taste.thrift * dearness)


def fit(taste: Taste, item: Item) -> float:
    """How well a variant suits a person, above 0: their size, their colour."""
    size, colour = item.attributes.get("size"), item.attributes.get("colour")
    suits = 12.0 if size in taste.sizes else 1.0
    return suits * (2.5 if colour in taste.colours else 1.0) * (1.0 if item.stock else 0.4)

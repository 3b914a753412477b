"""What a shopper sees of whatever is offered: kind, subject, price, and what it is worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from demo.shop.items import make_items
from demo.shop.model import Item, Offer
from demo.shop.offers import make_offers
from demo.shop.tastes import is_within

WHIM_CENTS = 5_000
DEAR_CENTS = 60_000
"""Above this nothing is shown here. One bicycle earns as much as a hundred books, so arbitration is
right to ask a thousand people whether one of them wants it; nobody learns that in a minute."""
STORY_SEED = 7
"""Of the story shop as `touchpoint up` makes it."""


@dataclass(frozen=True, slots=True)
class Ware:
    """Something offered; `categories` are the leaves it is about, none where it is about all."""

    offer_id: str
    kind: str
    categories: tuple[str, ...] = ()
    price_cents: int = 0
    worth_cents: int = 0
    """To the business, when accepted: what remains of a product's price, or an offer's value."""
    is_price_led: bool = False

    @property
    def dearness(self) -> float:
        """Orders of magnitude above what is bought on a whim, 50 dollars; 0 for what is not."""
        return max(0.0, math.log10(self.price_cents / WHIM_CENTS)) if self.price_cents else 0.0


@dataclass(frozen=True, slots=True)
class Wares:
    """Everything the story shop offers."""

    items: tuple[Item, ...]
    offers: tuple[Offer, ...]
    by_id: dict[str, Ware]
    too_dear: tuple[str, ...] = ()
    """Ids of what these pages leave out."""

    @classmethod
    def of(cls, items: tuple[Item, ...], offers: tuple[Offer, ...]) -> Wares:
        leaves = sorted({item.category for item in items})
        known = (*map(_product, items), *_about(offers, leaves))
        dear = tuple(item.item_id for item in items if item.price_cents > DEAR_CENTS)
        return cls(items, offers, {ware.offer_id: ware for ware in known}, dear)

    def named(self, offer_id: str, kind: str) -> Ware:
        """Return what is offered; of what the shop does not know, such as defaults, the kind."""
        return self.by_id.get(offer_id) or Ware(offer_id, kind)


def story_wares(today: date) -> Wares:
    """Make the wares of the story shop as they are today."""
    return Wares.of(make_items(STORY_SEED, today), make_offers(today))


def _product(item: Item) -> Ware:
    return Ware(
        item.item_id,
        "PRODUCT",
        (item.category,),
        item.price_cents,
        item.price_cents - item.cost_cents,
    )


def _about(offers: Iterable[Offer], leaves: Iterable[str]) -> Iterator[Ware]:
    for offer in offers:
        yield Ware(
            offer.offer_id,
            offer.kind,
            tuple(leaf for leaf in leaves if is_within(leaf, offer.about_categories)),
            worth_cents=offer.value_cents,
            is_price_led=offer.attributes.get("price_led") == "true",
        )

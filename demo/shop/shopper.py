"""A person while shopping: what they look for, put aside, own and turned down."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from demo.records import midnight_s
from demo.shop.diary import Diary
from demo.shop.market import Market, appeal, fit
from demo.shop.model import Identity, Item, Offer, Taste
from demo.shop.people import Person

STAYS_ON_SUBJECT = 0.62
LOOKS_AT_OWN_SIZE = 0.85


@dataclass(slots=True)
class Bought:
    """A line of an order and how it was bought, kept so that it can be returned."""

    order_id: str
    item: Item
    quantity: int
    at: int
    channel: str
    identities: tuple[Identity, ...]


@dataclass(slots=True)
class Shopper:
    """State of one person's simulated life; ``eagerness`` grows while a subject is pursued."""

    taste: Taste
    market: Market
    offers: Sequence[Offer]
    diary: Diary
    rng: random.Random
    person: Person | None = None
    subject: str = ""
    eagerness: int = 0
    orders: int = 0
    mailed: Offer | None = None
    cart: dict[str, int] = field(default_factory=dict)
    owned: set[str] = field(default_factory=set)
    declined: set[str] = field(default_factory=set)
    bought: list[Bought] = field(default_factory=list)
    choices: dict[str, tuple[tuple[Item, ...], list[float]]] = field(default_factory=dict)

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def dwell_s(self, usual_s: float) -> int:
        """Draw how long something is looked at; at most twenty minutes."""
        return max(2, min(1_200, round(usual_s * self.rng.lognormvariate(0, 0.7))))

    def next_subject(self) -> str:
        """Choose the category of this visit: mostly the last one, until something is bought."""
        if self.subject and self.chance(STAYS_ON_SUBJECT):
            self.eagerness += 1
            return self.subject
        categories = self.taste.categories
        self.subject = self.rng.choices(list(categories), weights=list(categories.values()))[0]
        self.eagerness = 0
        return self.subject

    def pick(self, category: str) -> Item:
        """Choose a product of the category by popularity and liking, in one of its variants."""
        if category not in self.choices:
            heads = self.market.heads[category]
            popularity = self.market.popularity
            weights = [popularity[head.item_id] * appeal(self.taste, head) for head in heads]
            self.choices[category] = heads, weights
        heads, weights = self.choices[category]
        return self.variant(self.rng.choices(heads, weights=weights)[0])

    def variant(self, item: Item) -> Item:
        """Choose the family's variant that suits, now and then any other."""
        variants = self.market.variants[item.family]
        if len(variants) == 1:
            return variants[0]
        if not self.chance(LOOKS_AT_OWN_SIZE):
            return self.rng.choice(variants)
        return self.rng.choices(variants, weights=[fit(self.taste, v) for v in variants])[0]

    def on_sale(self, item: Item, at: int) -> bool:
        return at >= midnight_s(item.released)

    def wants(self, item: Item) -> bool:
        """Tell whether it could be bought at all: in stock, and not owned unless used up."""
        again = item.attributes.get("consumable") == "true" or item.category.startswith("Gifts")
        return item.stock > 0 and (again or item.family not in self.owned)

    def new_order(self) -> str:
        self.orders += 1
        return f"order-{self.diary.name}-{self.orders}"

    def cookie(self) -> str:
        """Choose one of the person's browsers, mostly the first."""
        if self.person is None:
            raise LookupError("a visitor has one cookie, which the caller knows")
        cookies = self.person.cookies
        return cookies[0] if self.chance(0.7) else cookies[-1]

    def identity(self, kind: str) -> Identity:
        """Give one of the person's identities; a visitor without a name has none."""
        if self.person is None:
            raise LookupError(f"a visitor has no {kind}")
        return self.person.customer.identity(kind)

"""The records of the story shop, as the import files know them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Identity:
    """One name under which a person is reached."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    """A thing sold; ``variant_of`` names the head of its family and is empty for the head."""

    item_id: str
    title: str
    category: str
    brand: str
    price_cents: int
    cost_cents: int
    stock: int
    variant_of: str
    released: date
    attributes: Mapping[str, str]

    @property
    def family(self) -> str:
        return self.variant_of or self.item_id


@dataclass(frozen=True, slots=True)
class Offer:
    """What is proposed beyond products; ``value_cents`` is its worth to the business."""

    offer_id: str
    kind: str
    title: str
    text: str
    link: str
    about_categories: tuple[str, ...]
    about_items: tuple[str, ...]
    channels: tuple[str, ...]
    value_cents: int
    starts: date
    ends: date
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Customer:
    """A person whom the shop knows; an empty loyalty card means that they have none."""

    customer_id: str
    email: str
    phone: str
    loyalty_card: str
    locale: str
    timezone: str
    attributes: Mapping[str, str]

    def identity(self, kind: str) -> Identity:
        """Give the identity of a kind: customer, email, phone or loyalty_card."""
        return Identity(kind, self.customer_id if kind == "customer" else getattr(self, kind))


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; ``at`` is in seconds since 1970 UTC, empty means not said."""

    event_id: str
    type: str
    at: int
    identities: tuple[Identity, ...]
    channel: str
    session_id: str = ""
    order_id: str = ""
    item_id: str = ""
    offer_id: str = ""
    placement: str = ""
    quantity: int = 0
    value_cents: int | None = None
    query: str = ""
    page: str = ""
    duration_s: int = 0
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taste:
    """What a person likes, hidden from the import files: the truth to check learning against.

    ``categories`` are weights that add up to 1; ``thrift`` and ``openness`` lie between 0 and 1:
    how much a low price counts, and how willingly promotions are taken.
    """

    persona: str
    categories: Mapping[str, float]
    brands: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    thrift: float
    openness: float


@dataclass(frozen=True, slots=True)
class Shop:
    """The whole story shop; ``tastes`` by customer id, ``events`` in the order of time."""

    seed: int
    today: date
    items: tuple[Item, ...]
    offers: tuple[Offer, ...]
    customers: tuple[Customer, ...]
    events: tuple[Event, ...]
    tastes: Mapping[str, Taste]

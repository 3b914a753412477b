"""The customers and items of the story shop that the benchmark asks about."""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cli.load.people import requests
from demo.shop.shop import make_shop
from touchpoint.aggregator.v1.aggregator_service_pb2 import RecommendRequest
from touchpoint.common.v1.event_pb2 import Event
from touchpoint.common.v1.identity_pb2 import Identity
from touchpoint.common.v1.vocabulary_pb2 import Channel

PLACEMENT = "web.home.banner"
_SEED = 7
_SERIES = itertools.count(1)
_TYPES = ("view", "view", "view", "view", "search", "page_view", "add_to_cart", "click")


@dataclass(frozen=True, slots=True)
class Shoppers:
    """Who can be asked for, and what they can buy."""

    customers: Sequence[Identity]
    item_ids: Sequence[str]


@cache
def shoppers() -> Shoppers:
    """Return those of the shop that a suite with the story shop holds; takes two seconds."""
    shop = make_shop(_SEED, datetime.now(UTC).date())
    return Shoppers(
        [Identity(kind="customer", value=customer.customer_id) for customer in shop.customers],
        [item.item_id for item in shop.items],
    )


def banner_requests() -> Iterator[RecommendRequest]:
    """Yield requests for the home page of known customers drawn at random, for ever.

    Each call begins another series, so that no decision stands from an earlier one.
    """
    return requests(shoppers().customers, Channel.WEB, [PLACEMENT], next(_SERIES))


def events(seed: int) -> Iterator[Event]:
    """Yield what customers of the shop do, for ever."""
    chance = random.Random(seed)
    shop = shoppers()
    while True:
        event = Event(
            event_id=str(uuid.uuid4()),
            type=chance.choice(_TYPES),
            identities=[chance.choice(shop.customers)],
            channel=Channel.WEB,
            session_id=f"session-{seed}",
            item_id=chance.choice(shop.item_ids),
            duration_s=12.0,
        )
        event.time.GetCurrentTime()
        yield event

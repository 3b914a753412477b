"""Sizes, colours and the like of what was kept, by category."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from services.profile.domain.event import MINUTE_US, Event
from services.profile.domain.owned import KEPT

MAX_KEPT = 200
MAX_SHOWN = 64

Choice = tuple[str, str, str]
"""Category path, name of the attribute, its value."""


class Kept(NamedTuple):
    """Pieces of one choice."""

    quantity: float
    """Bought less given back; sums and nothing else, so that the order never matters."""
    last_minute: int
    """Last purchase, minutes since 1970; 0: none known."""


Variants = dict[Choice, Kept]
_NONE = Kept(0.0, 0)


class Preference(NamedTuple):
    """What somebody takes."""

    category: str
    name: str
    value: str
    share: float
    """Of all of this attribute that were kept in the category, 0 to 1."""


def buy(variants: Variants, event: Event) -> None:
    """Add a purchase that was no gift."""
    minute = event.time_us // MINUTE_US
    for name, value in _attributes(event.variant).items():
        choice = (event.category, name, value)
        quantity, last_minute = variants.get(choice, _NONE)
        variants[choice] = Kept(quantity + event.quantity, max(minute, last_minute))


def give_back(variants: Variants, event: Event) -> None:
    """Take a return off; one whose purchase arrives later is held against it."""
    for name, value in _attributes(event.variant).items():
        choice = (event.category, name, value)
        quantity, last_minute = variants.get(choice, _NONE)
        variants[choice] = Kept(quantity - event.quantity, last_minute)


def merge(into: Variants, other: Variants) -> None:
    for choice, (quantity, last_minute) in other.items():
        known = into.get(choice, _NONE)
        into[choice] = Kept(known.quantity + quantity, max(known.last_minute, last_minute))


def prune(variants: Variants) -> None:
    """Keep what was bought last."""
    if len(variants) > MAX_KEPT:
        by_age = sorted(variants, key=lambda choice: (-variants[choice].last_minute, choice))
        for choice in by_age[MAX_KEPT:]:
            del variants[choice]


def preferences(variants: Variants) -> list[Preference]:
    """Return the choices that were kept, those of most pieces first, latest first among equals."""
    kept = [(choice, held) for choice, held in variants.items() if held.quantity > KEPT]
    of_all: dict[tuple[str, str], float] = {}
    for (category, name, _), held in kept:
        of_all[category, name] = of_all.get((category, name), 0.0) + held.quantity
    kept.sort(key=lambda each: (-each[1].quantity, -each[1].last_minute, each[0]))
    return [
        Preference(*choice, held.quantity / of_all[choice[0], choice[1]])
        for choice, held in kept[:MAX_SHOWN]
    ]


@lru_cache(10_000)
def _attributes(variant: str) -> Mapping[str, str]:
    """Return the attributes of a variant as it was stamped, JSON; events repeat them."""
    found: Mapping[str, str] = json.loads(variant) if variant else {}
    return found

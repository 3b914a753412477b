"""What conditions of a journey read, put together from where it stands and what was found out."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

from services.scenario.domain.carts import Cart
from services.scenario.domain.criteria import NOTHING, Values
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.journey import Journey
from shared.clock import from_us

_DAY_US = 86_400_000_000
SEGMENTS, PERSONA = "journey.segments", "journey.persona"
"""Of the person as they were when they met what it takes to enter."""


def values_of(journey: Journey, facts: Facts, now_us: int) -> Values:
    """Return what conditions read where a journey is looked at."""
    person: Values = NOTHING if facts.person is None else facts.person
    own = _so_far(journey, journey.cart, facts.stock, now_us)
    return ChainMap(own, dict(journey.began), person)  # type: ignore[arg-type]


def who_entered(journey: Journey, facts: Facts) -> Values:
    """Return what a journey began with, and who entered where its scenario asks for that."""
    if not journey.scenario.asks_who_entered or facts.person is None:
        return journey.began
    segments = [str(each) for each in facts.person["customer.segments"]]
    return {
        **journey.began,
        SEGMENTS: segments,
        PERSONA: str(facts.person["customer.persona"]),
    }


def event_values(journey: Journey, event: Happened) -> Values:
    """Return what conditions read when an event comes to a journey."""
    return ChainMap(_so_far(journey, journey.cart, -1, event.time_us), dict(event.values))


def _so_far(journey: Journey, cart: Cart, stock: int, now_us: int) -> dict[str, Any]:
    stage = journey.current
    since_us = journey.entered_us or journey.started_us
    return {
        "journey.stage": stage.name if stage is not None else "",
        "journey.days": max(now_us - journey.started_us, 0) / _DAY_US,
        "journey.stage_days": max(now_us - since_us, 0) / _DAY_US,
        "journey.stages": journey.occurrence,
        "journey.answer": journey.answer,
        "journey.messages": journey.messages,
        "journey.messages_sent": journey.messages_sent,
        "journey.cart_value_micros": cart.value_micros,
        "journey.cart_lines": len(cart.offer_nos),
        "journey.stock": stock,
        "journey.offer_id": journey.began.get("event.offer_id", ""),
        "journey.category": journey.began.get("event.category", ""),
        SEGMENTS: journey.began.get(SEGMENTS, []),
        PERSONA: journey.began.get(PERSONA, ""),
        "now": from_us(now_us),
    }

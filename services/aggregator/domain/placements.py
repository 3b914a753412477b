"""The places to fill, and which of them a channel may ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.filling import channels_filling

DEFAULT_DEADLINE_S = 0.1
MAXIMUM_DEADLINE_S = 1.0


@dataclass(frozen=True, slots=True)
class Placement:
    """A place where recommendations are shown, as far as the edge needs to know it."""

    name: str
    channel: int
    limit: int
    """How many it shows when the caller does not say."""
    deadline_s: float = DEFAULT_DEADLINE_S
    contact_kinds: frozenset[int] = frozenset()
    """Kinds whose presentation there must be reserved."""
    default_offers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """A placement with the number of recommendations wanted."""

    placement: Placement
    limit: int


def may_fill(placement: Placement, channel: int) -> bool:
    """Say whether a request on a channel may ask for a placement."""
    return channel in channels_filling(placement.channel)


def default_deadline_s(asks: Sequence[Ask]) -> float:
    """Return how long a request without a deadline may take: the most hurried placement says."""
    shortest = min((ask.placement.deadline_s for ask in asks), default=DEFAULT_DEADLINE_S)
    return min(shortest, MAXIMUM_DEADLINE_S)

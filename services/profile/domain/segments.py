"""Segments: who is in them follows from what is known of a person at the moment of asking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Holds = Callable[[Any], bool | None]
"""Says of a person's values whether a condition holds; None: it could not be evaluated."""


@dataclass(frozen=True, slots=True)
class Segment:
    """People chosen by a condition."""

    name: str
    title: str
    when: str
    """The condition as it is written."""
    reads: frozenset[str]
    """Fields such as `customer.age`."""
    holds: Holds


def segments_of(segments: Sequence[Segment], values: Any) -> list[str]:
    """Return the segments that a person is in, in their order.

    Nobody is in a segment whose condition fails for them: an attribute that they lack, say.
    """
    return [segment.name for segment in segments if segment.holds(values)]

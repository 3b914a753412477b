"""A persona as it is defined: what people of that kind are likely to do, and to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Shares = Mapping[str, float]
"""Value to its share among people of the kind, 0 to 1.

Together at most 1: what is left is spread over all that is not named.
"""


@dataclass(frozen=True, slots=True)
class Persona:
    """A set of distributions; what is not said of people leaves their persona open."""

    name: str
    weight: float
    """Share of all people, above 0, at most 1."""
    categories: Shares = field(default_factory=dict)
    """By path; of two that lie within each other the deeper one holds its own share."""
    brands: Shares = field(default_factory=dict)
    channels: Shares = field(default_factory=dict)
    """By the channel's name."""
    value_tiers: Shares = field(default_factory=dict)
    attributes: Mapping[str, Shares] = field(default_factory=dict)
    """By attribute; values are texts, numbers or ranges such as `20-35` and `65+`."""

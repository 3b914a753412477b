"""Sizes and the like of what somebody bought and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Sizes = Mapping[int, float]
"""Number of a size to its share among those that were kept, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Wardrobe:
    """What is known of one person."""

    sizes: Mapping[int, Sizes] = field(default_factory=dict)
    """Category to the sizes in it."""
    elsewhere: Sizes = field(default_factory=dict)
    """Sizes in any category, for where none is known."""
    liked: Mapping[int, float] = field(default_factory=dict)
    """Pair of an attribute and its value, such as a colour, to its share, 0 to 1."""

    def of_category(self, category_no: int) -> tuple[Sizes, bool]:
        """Return the sizes somebody has in a category, and whether they are of just that."""
        own = self.sizes.get(category_no)
        return (own, True) if own else (self.elsewhere, False)


UNKNOWN = Wardrobe()

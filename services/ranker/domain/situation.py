"""Who is asked, where and in what mood: the person's side of what the model sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Liked:
    """What somebody likes, strongest first."""

    names: Sequence[str] = ()
    """Category paths or brands."""
    affinities: Sequence[float] = ()
    """Of each, 0 to 1."""

    @property
    def top(self) -> str:
        """The strongest; empty: nothing is known to be liked."""
        return self.names[0] if self.names else ""


NOTHING = Liked()


@dataclass(frozen=True, slots=True)
class Situation:
    """One request, as far as acceptance may depend on it; of nobody known by default."""

    channel: int
    placements: Sequence[str]
    assurance: int = 0
    """How sure it is who this is; 0: nobody is known."""
    value_tier: str = ""
    recency_days: float = -1.0
    """Since the last purchase; negative: never bought."""
    has_cart: bool = False
    categories: Liked = NOTHING
    brands: Liked = NOTHING
    category_in_mind: str = ""
    """Path of what is being looked at, in view or in this visit; empty: nothing."""
    persona: str = ""
    segments: Sequence[str] = ()
    age: int = 0
    """Years; 0: unknown."""
    attributes: Sequence[str] = ()
    """The caller's own of the person, as `name=value`."""

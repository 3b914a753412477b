"""Who is asked, where and in what mood: the person's side of what the model sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


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
PERSONAL: Final = frozenset(
    {
        *("name", "full_name", "first_name", "given_name", "last_name", "family_name", "surname"),
        *("birth_date", "birth_year", "birthday", "date_of_birth"),
        *("email", "phone", "mobile", "address", "street"),
    }
)
"""Attributes that tell one person from all others, or are looked at as something else, as age is:
nothing learns from them, and no report knows them."""


def is_personal(attribute: str) -> bool:
    """Say so of an attribute by its name, or of one written as `name=value`."""
    return attribute.partition("=")[0].strip().lower() in PERSONAL


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
    told: Sequence[str] = ()
    """What else the caller said of the moment, as `name=value`."""
    hour: int = -1
    """Of the day where the person is, 0 to 23; negative: not known."""
    weekday: int = -1
    """Likewise, 0 for Monday; negative: not known."""
    price_sensitivity: float = -1.0
    """0 to 1; negative: nothing was bought whose list price is known."""
    is_hesitating: bool = False
    """Whether the checkout was started and then doubted, in this visit."""
    is_gift: bool = False
    person: str = ""
    """The oldest id of the set; to count people by, and never a feature. Empty: nobody is known."""
    numbers: Sequence[tuple[str, float]] = ()
    """Known of the person and the visit, finite; what is not known is left out."""
    states: Sequence[str] = ()
    """How far the person is with what is on their mind, and the like, as `name=value`."""
    may_be_learned_from: bool = True
    """False: the person refuses that; what is decided for themselves still goes by all this."""
    now_us: int = 0
    """Business time; 0: nothing is said of days."""

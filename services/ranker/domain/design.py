"""Which columns a request has, and what of its candidates each crosses with what of the person.

What there is of a candidate is hashed once (`LEFTS`) and serves all columns that cross it with
something; what is known of a person says which columns there are, and their rights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.entities import HASHED
from services.ranker.domain.folding import Folding, folding_of
from services.ranker.domain.hashing import text_hash
from services.ranker.domain.layout import (
    COLUMN,
    MOST_ATTRIBUTES,
    MOST_SEGMENTS,
    MOST_TOLD_OF_FAMILY,
)
from services.ranker.domain.number_bands import Told, band
from services.ranker.domain.situation import Situation

_WORD = 0xFFFF_FFFF
_SENSITIVITIES = (0.05, 0.15, 0.3, 0.5, 0.75)
_RECENCIES = (1.0, 7.0, 30.0, 90.0, 365.0)
_AGES = (18, 26, 36, 46, 56, 66)
_SEGMENTS = tuple(f"category_1_segment_{place}" for place in range(MOST_SEGMENTS))
_ATTRIBUTES = tuple(f"category_1_attribute_{place}" for place in range(MOST_ATTRIBUTES))
_TOLD_OF_FAMILY = tuple(f"family_told_{place}" for place in range(MOST_TOLD_OF_FAMILY))
_OF_REQUEST = (
    *("base", "placement_position", "kind_placement", "kind_source", "source_placement"),
    *("source_strength", "evidence_count", "evidence_share", "kind_days_left", "kind_days_out"),
    *("kind_category_affinity", "kind_brand_affinity", "kind_in_mind"),
)
"""What is hashed of candidates as they are proposed to somebody."""
LEFTS: Final = {name: place for place, name in enumerate((*HASHED, *_OF_REQUEST))}
"""What is crossed with the person: the row of each."""
_LEFT_OF = {
    **dict.fromkeys(("kind_channel", "kind_assurance", "kind_tier", "kind_recency"), "kind"),
    **dict.fromkeys(("kind_cart", "kind_liked_1"), "kind"),
    **dict.fromkeys(("category_1_liked_1", "category_1_in_mind_1"), "kind_category_1"),
    **dict.fromkeys(("category_1_persona", "category_1_age"), "kind_category_1"),
    **dict.fromkeys((*_SEGMENTS, *_ATTRIBUTES), "kind_category_1"),
    **dict.fromkeys(("family_liked_1", *_TOLD_OF_FAMILY), "family"),
    "category_2_liked": "kind_category_2",
    "brand_liked_brand": "brand",
    "price_tier": "price",
    "kind_taste": "kind_category_affinity",
    "terms_price_sensitivity": "kind_terms",
}
"""What of a candidate a column crosses with something of the person; of others it is their own."""
_OF_OFFERS = dict.fromkeys(
    (
        *("base", "kind_placement", "kind_source", "source_placement", "source_strength"),
        *("kind", "offer", "family", "category_1", "category_2", "brand", "kind_price"),
        *("kind_category_affinity", "kind_brand_affinity", "placement_position"),
        *("kind_type", "kind_terms"),
    ),
    0,
)
"""Columns that nothing of the person is crossed with, of those that every request has."""


@dataclass(frozen=True, slots=True)
class Design:
    """How the rows of the matrix are made, for whom the same is known of."""

    lefts: NDArray[np.intp]
    """The left of each row, shape (rows,)."""
    order: NDArray[np.intp]
    """Where the right of each row stands among those told, shape (rows,)."""
    folding: Folding


@lru_cache(4096)
def design_of(names: tuple[str, ...]) -> Design:
    """Return how the matrix of these columns is made, whatever their order."""
    places = [COLUMN[name] for name in names]
    order = np.argsort(places)
    lefts = np.array([LEFTS[_LEFT_OF.get(name, name)] for name in names])
    return Design(lefts[order], order, folding_of(tuple(sorted(places))))


def rights_of(situation: Situation, told: Told, *, is_with_evidence: bool) -> dict[str, int]:
    """Return what of the person and the moment each column crosses candidates with.

    By column, of those that say something; 0: nothing but the candidate itself.
    """
    tier = text_hash(situation.value_tier)
    rights = {
        **_OF_OFFERS,
        # Values of an open enum: one that is not known yet, or negative, is a value as well.
        "kind_channel": situation.channel & _WORD,
        "kind_assurance": situation.assurance & _WORD,
        "kind_tier": tier,
        "kind_recency": band(situation.recency_days, _RECENCIES),
        "kind_cart": int(situation.has_cart),
        "price_tier": tier,
    }
    if situation.categories.top:
        liked, liked_1 = (text_hash(each(situation.categories.top)) for each in (str, top))
        rights["kind_taste"] = 0
        rights["kind_liked_1"] = rights["category_1_liked_1"] = liked_1
        rights["category_2_liked"], rights["family_liked_1"] = liked, liked_1
    if situation.brands.top:
        rights["brand_liked_brand"] = text_hash(situation.brands.top)
    if is_with_evidence:
        rights["evidence_count"] = rights["evidence_share"] = 0
    if situation.now_us:
        rights["kind_days_left"] = rights["kind_days_out"] = 0
    if sensitivity := band(situation.price_sensitivity, _SENSITIVITIES):
        rights["terms_price_sensitivity"] = sensitivity
    rights.update(_optional(situation))
    rights.update(zip(_TOLD_OF_FAMILY, told.ones.tolist()))
    return rights


def _optional(situation: Situation) -> Iterator[tuple[str, int]]:
    """Yield what is known of some only: those of whom it is not have nothing in common by it."""
    if situation.category_in_mind:
        yield "kind_in_mind", 0
        yield "category_1_in_mind_1", text_hash(top(situation.category_in_mind))
    if situation.persona:
        yield "category_1_persona", text_hash(situation.persona)
    if situation.age:
        yield "category_1_age", band(situation.age, _AGES)
    yield from zip(_SEGMENTS, map(text_hash, situation.segments))
    yield from zip(_ATTRIBUTES, map(text_hash, situation.attributes))


def top(path: str) -> str:
    """Return the first step of a category path."""
    return path.partition(" > ")[0]

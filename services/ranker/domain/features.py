"""What the model sees of each candidate: traits x offer, hashed into a fixed table of weights.

Feature hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask Learning" (2009);
without their sign, as collisions here are few and a bias of them is learned away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.entities import Entities, OfferColumns
from services.ranker.domain.layout import (
    COLUMN,
    COLUMNS,
    MOST_ATTRIBUTES,
    MOST_SEGMENTS,
    Group,
)
from services.ranker.domain.situation import Situation

Hashes = NDArray[np.uint32]
_FOLD = np.uint32(0x85EBCA6B)
_PAIR = 0x9E3779B1
_WORD = 0xFFFF_FFFF
_STARTS = np.array([[column.start] for column in COLUMNS], np.uint32)
_MASKS = np.array([[column.size - 1] for column in COLUMNS], np.uint32)
_SALTS = [column.start * int(_FOLD) for column in COLUMNS]
"""What tells equal hashes in different columns apart."""
_VARIANCES = np.array([column.variance for column in COLUMNS])
_STRENGTHS = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
_RECENCIES = (1.0, 7.0, 30.0, 90.0, 365.0)
_AGES = (18, 26, 36, 46, 56, 66)


@dataclass(frozen=True, slots=True)
class Features:
    """The design matrix of a request: which weights speak for each candidate."""

    indices: Hashes
    """Shape (columns, candidates)."""
    columns: NDArray[np.intp]
    """Places in `COLUMNS`, ascending; what does not apply to a person has none."""

    @property
    def prior_variance(self) -> float:
        """Variance of the log-odds of each candidate before anything is learned."""
        return float(_VARIANCES[self.columns].sum())

    def of_group(self, group: Group) -> slice:
        """Return the rows of a group; they lie together."""
        first, after = _BOUNDS[group]
        bounds = self.columns.searchsorted((first, after))
        return slice(int(bounds[0]), int(bounds[1]))


def _bounds(group: Group) -> tuple[int, int]:
    places = [place for place, column in enumerate(COLUMNS) if column.group is group]
    assert places == list(range(places[0], places[-1] + 1))
    return places[0], places[-1] + 1


_BOUNDS = {group: _bounds(group) for group in Group}


@dataclass(frozen=True, slots=True)
class Proposed:
    """How the candidates came to be proposed; columns of shape (candidates,)."""

    nos: NDArray[np.int64]
    """Catalogue numbers; 0: not known."""
    sources: NDArray[np.int64]
    strengths: NDArray[np.float64]
    """Of the evidence, 0 to 1."""
    places: NDArray[np.uint32]
    """Bit i: may fill placement i; it is seen at the first of them."""


class FeatureMaker:
    """Makes features of requests, remembering the hashes of what the catalogue names."""

    def __init__(self, entities: Entities) -> None:
        self._entities = entities

    def features(self, proposed: Proposed, situation: Situation) -> Features:
        """Return what the model sees of each candidate in this situation."""
        rows = _Rows(len(proposed.nos))
        offers = self._entities.columns(proposed.nos)
        _add_context(rows, offers, proposed, situation)
        _add_offer(rows, offers)
        _add_person(rows, offers, situation)
        self._add_affinities(rows, offers, situation)
        return rows.folded()

    def _add_affinities(self, rows: _Rows, offers: OfferColumns, situation: Situation) -> None:
        entities = self._entities
        in_categories = entities.category_affinity(offers, situation.categories)
        in_brands = entities.brand_affinity(offers, situation.brands)
        rows.add("kind_category_affinity", _paired(offers.kind, in_categories))
        rows.add("kind_brand_affinity", _paired(offers.kind, in_brands))
        if situation.category_in_mind:
            nearness = entities.nearness(offers, situation.category_in_mind)
            rows.add("kind_in_mind", _paired(offers.kind, nearness))


class _Rows:
    """Rows of the matrix by the place of their column."""

    def __init__(self, count: int) -> None:
        self._rows: dict[int, Hashes] = {}
        self._salts: dict[int, int] = {}
        self._count = count

    def add(self, name: str, left: Hashes, right: int = 0) -> None:
        """Add a column: what it hashes of each candidate, crossed with something of the person."""
        place = COLUMN[name]
        self._rows[place] = left
        self._salts[place] = (right * _PAIR + _SALTS[place]) & _WORD

    def folded(self) -> Features:
        """Mix the hashes well and fold each into the region of its column."""
        places = sorted(self._rows)
        mixed = np.empty((len(places), self._count), np.uint32)
        for row, place in enumerate(places):
            mixed[row] = self._rows[place]
        mixed ^= np.array([self._salts[place] for place in places], np.uint32)[:, None]
        # The finaliser of MurmurHash3 (Appleby 2011): every bit of the input reaches the low bits.
        mixed ^= mixed >> 16
        mixed *= _FOLD
        mixed ^= mixed >> 13
        mixed *= np.uint32(0xC2B2AE35)
        mixed ^= mixed >> 16
        columns = np.array(places, np.intp)
        mixed &= _MASKS[columns]
        mixed += _STARTS[columns]
        return Features(mixed, columns)


def _add_context(
    rows: _Rows, offers: OfferColumns, proposed: Proposed, situation: Situation
) -> None:
    sources = proposed.sources.astype(np.uint32)
    first = proposed.places & (~proposed.places + np.uint32(1))
    place_hashes = np.array([text_hash(place) for place in situation.placements] or [0], np.uint32)
    at = np.minimum(np.bitwise_count(first - np.uint32(1)), len(place_hashes) - 1)
    places = place_hashes[at]
    strengths = _STRENGTHS.searchsorted(proposed.strengths).astype(np.uint32)
    rows.add("base", np.zeros(len(sources), np.uint32))
    rows.add("kind_channel", offers.kind, situation.channel)
    rows.add("kind_placement", _paired(places, offers.kind))
    rows.add("kind_source", _paired(offers.kind, sources))
    rows.add("source_placement", _paired(places, sources))
    rows.add("source_strength", _paired(sources, strengths))


def _add_offer(rows: _Rows, offers: OfferColumns) -> None:
    rows.add("kind", offers.kind)
    rows.add("offer", offers.offer)
    rows.add("family", offers.family)
    rows.add("category_1", offers.category_1)
    rows.add("category_2", offers.category_2)
    rows.add("brand", offers.brand)
    rows.add("kind_price", _paired(offers.kind, offers.price))


def _add_person(rows: _Rows, offers: OfferColumns, situation: Situation) -> None:
    tier = text_hash(situation.value_tier)
    liked, liked_1 = text_hash(situation.categories.top), text_hash(top(situation.categories.top))
    kind = offers.kind
    # A promotion may be about no category; then it is at least told from other kinds.
    category_1 = _paired(kind, offers.category_1)
    rows.add("kind_assurance", kind, situation.assurance)
    rows.add("kind_tier", kind, tier)
    rows.add("kind_recency", kind, _band(situation.recency_days, _RECENCIES))
    rows.add("kind_cart", kind, int(situation.has_cart))
    rows.add("price_tier", offers.price, tier)
    rows.add("kind_liked_1", kind, liked_1)
    rows.add("category_1_liked_1", category_1, liked_1)
    rows.add("category_2_liked", _paired(kind, offers.category_2), liked)
    rows.add("family_liked_1", offers.family, liked_1)
    if situation.brands.top:
        rows.add("brand_liked_brand", offers.brand, text_hash(situation.brands.top))
    for name, right in _optional(situation):
        rows.add(name, category_1, right)


def _optional(situation: Situation) -> list[tuple[str, int]]:
    """Return what is known of some only: those of whom it is not have nothing in common by it."""
    found: list[tuple[str, int]] = []
    if situation.category_in_mind:
        found.append(("category_1_in_mind_1", text_hash(top(situation.category_in_mind))))
    if situation.persona:
        found.append(("category_1_persona", text_hash(situation.persona)))
    if situation.age:
        found.append(("category_1_age", _band(situation.age, _AGES)))
    found += _numbered("category_1_segment", situation.segments[:MOST_SEGMENTS])
    found += _numbered("category_1_attribute", situation.attributes[:MOST_ATTRIBUTES])
    return found


def _numbered(name: str, texts: Sequence[str]) -> list[tuple[str, int]]:
    return [(f"{name}_{place}", text_hash(text)) for place, text in enumerate(texts)]


def _paired(left: Hashes, right: Hashes) -> Hashes:
    paired: Hashes = left * np.uint32(_PAIR) + right
    return paired


def _band(value: float, edges: Sequence[float]) -> int:
    """Return 0 for what is not known, else which of the bands between the edges it is in."""
    return 0 if value < 0 else 1 + sum(value >= edge for edge in edges)


def top(path: str) -> str:
    """Return the first step of a category path."""
    return path.partition(" > ")[0]


def text_hash(text: str) -> int:
    """Return 32 bits that are the same on every replica for ever; 0 for nothing."""
    return crc32(text.encode()) if text else 0

"""What the model sees of each candidate: traits x offer, hashed into a fixed table of weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.crosses import Crosses, crosses
from services.ranker.domain.entities import Entities, OfferColumns
from services.ranker.domain.folding import Folding, Rows
from services.ranker.domain.hashing import Hashes, leading, paired, text_hash
from services.ranker.domain.layout import (
    COLUMN,
    COLUMNS,
    MOST_ATTRIBUTES,
    MOST_NUMBERS,
    MOST_SEGMENTS,
    MOST_TOLD,
    MOST_TOLD_OF_FAMILY,
    Group,
)
from services.ranker.domain.number_bands import band, told_hashes
from services.ranker.domain.situation import Situation

_GROUPS = list(Group)
_GROUP_NOS = np.array([_GROUPS.index(column.group) for column in COLUMNS])
_STRENGTHS = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
_COUNTS = np.array([1, 2, 3, 5, 8, 13, 21, 55, 144, 1000])
_SHARES = np.array([0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.75])
_DAYS = np.array([1, 3, 7, 14, 30, 90, 365])
_DAY_US = 86_400_000_000
_SENSITIVITIES = (0.05, 0.15, 0.3, 0.5, 0.75)
_RECENCIES = (1.0, 7.0, 30.0, 90.0, 365.0)
_AGES = (18, 26, 36, 46, 56, 66)
_POSITION = COLUMN["placement_position"]


@dataclass(frozen=True, slots=True)
class Features:
    """The design matrix of a request: which weights speak for each candidate."""

    indices: Hashes
    """Of the candidates' own, shape (columns, candidates)."""
    folding: Folding
    """Which columns those are of; what does not apply to a person has none."""
    crosses: Crosses
    """What speaks for them by groups."""

    @property
    def columns(self) -> NDArray[np.intp]:
        """Places of the candidates' own in `COLUMNS`, ascending, shape (columns,)."""
        return self.folding.columns

    @property
    def prior_variance(self) -> float:
        """Variance of the log-odds of each candidate before anything is learned."""
        return self.folding.prior_variance + self.crosses.folding.prior_variance

    def of_candidate(self, at: int) -> Hashes:
        """Return all the weights that speak for one candidate: its own, then those of its group."""
        shared = self.crosses
        return np.concatenate([self.indices[:, at], shared.indices[:, shared.group_of[at]]])

    def of_group(self, group: Group) -> NDArray[np.bool_]:
        """Return which of the weights of each candidate belong to a group."""
        columns = np.concatenate([self.columns, self.crosses.columns])
        mine: NDArray[np.bool_] = _GROUP_NOS[columns] == _GROUPS.index(group)
        return mine

    def shown(self, at: Sequence[int], placement: str, positions: Sequence[int]) -> Hashes:
        """Return `at_position` of several candidates at once, shape (candidates shown, weights)."""
        shared = self.crosses
        own, of_groups = self.indices[:, at], shared.indices[:, shared.group_of[at]]
        rows = np.concatenate([own, of_groups]).T.copy()
        weights = [_position_weight(placement, position) for position in positions]
        rows[:, self.columns.searchsorted(_POSITION)] = weights
        return rows

    def at_position(self, at: int, placement: str, position: int) -> Hashes:
        """Return the weights for one candidate as it is shown: at a position, from 0, of a place.

        For scoring the first position counts for all candidates alike.
        """
        indices = self.of_candidate(at)
        indices[self.columns.searchsorted(_POSITION)] = _position_weight(placement, position)
        return indices


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the candidates; columns of shape (candidates,)."""

    kinds: NDArray[np.int64]
    """What it says, as in the contract."""
    counts: NDArray[np.int64]
    """0: none."""
    totals: NDArray[np.int64]
    """What it is a count out of; 0: none."""


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
    evidence: Evidence | None = None
    """None: nothing is told of it."""


class FeatureMaker:
    """Makes features of requests, remembering the hashes of what the catalogue names."""

    def __init__(self, entities: Entities) -> None:
        self._entities = entities

    def features(self, proposed: Proposed, situation: Situation) -> Features:
        """Return what the model sees of each candidate in this situation."""
        rows = Rows(len(proposed.nos))
        offers = self._entities.columns(proposed.nos)
        told = told_hashes(
            [*situation.attributes, *situation.told][:MOST_TOLD], situation.numbers[:MOST_NUMBERS]
        )
        _add_context(rows, offers, proposed, situation)
        _add_evidence(rows, proposed)
        _add_offer(rows, offers)
        _add_terms(rows, offers, situation)
        _add_person(rows, offers, situation)
        self._add_affinities(rows, offers, situation)
        for place, each in enumerate(told.ones[:MOST_TOLD_OF_FAMILY].tolist()):
            rows.add(f"family_told_{place}", offers.family, each)
        indices, folding = rows.folded()
        return Features(indices, folding, crosses(offers.kind, offers.category_1, told, situation))

    def _add_affinities(self, rows: Rows, offers: OfferColumns, situation: Situation) -> None:
        entities = self._entities
        in_categories = entities.category_affinity(offers, situation.categories)
        in_brands = entities.brand_affinity(offers, situation.brands)
        by_kind = leading(offers.kind)
        by_category = by_kind + in_categories
        rows.add("kind_category_affinity", by_category)
        if situation.categories.top:
            rows.add("kind_taste", by_category)
        rows.add("kind_brand_affinity", by_kind + in_brands)
        if situation.category_in_mind:
            nearness = entities.nearness(offers, situation.category_in_mind)
            rows.add("kind_in_mind", by_kind + nearness)


@lru_cache(4096)
def _position_weight(placement: str, position: int) -> int:
    rows = Rows(1)
    rows.add("placement_position", np.array([text_hash(placement)], np.uint32), position)
    return int(rows.folded()[0][0, 0])


def _add_context(
    rows: Rows, offers: OfferColumns, proposed: Proposed, situation: Situation
) -> None:
    sources = proposed.sources.astype(np.uint32)
    first = proposed.places & (~proposed.places + np.uint32(1))
    place_hashes = np.array([text_hash(place) for place in situation.placements] or [0], np.uint32)
    at = np.minimum(np.bitwise_count(first - np.uint32(1)), len(place_hashes) - 1)
    places = place_hashes[at]
    strengths = _STRENGTHS.searchsorted(proposed.strengths).astype(np.uint32)
    rows.add("base", np.zeros(len(sources), np.uint32))
    rows.add("kind_channel", offers.kind, situation.channel)
    by_place = leading(places)
    rows.add("kind_placement", by_place + offers.kind)
    rows.add("kind_source", paired(offers.kind, sources))
    rows.add("source_placement", by_place + sources)
    rows.add("source_strength", paired(sources, strengths))
    rows.add("placement_position", places)


def _add_evidence(rows: Rows, proposed: Proposed) -> None:
    evidence = proposed.evidence
    if evidence is None:
        return
    said = leading(paired(evidence.kinds.astype(np.uint32), proposed.sources.astype(np.uint32)))
    counts = _COUNTS.searchsorted(evidence.counts, side="right").astype(np.uint32)
    share = evidence.counts / np.maximum(evidence.totals, 1)
    shares = (1 + _SHARES.searchsorted(share, side="right")) * (evidence.totals > 0)
    rows.add("evidence_count", said + counts)
    rows.add("evidence_share", said + shares.astype(np.uint32))


def _add_terms(rows: Rows, offers: OfferColumns, situation: Situation) -> None:
    by_kind = leading(offers.kind)
    terms = by_kind + offers.terms
    rows.add("kind_type", by_kind + offers.type)
    rows.add("kind_terms", terms)
    if situation.now_us:
        rows.add("kind_days_left", by_kind + _days(offers.ends_us - situation.now_us))
        rows.add("kind_days_out", by_kind + _days(situation.now_us - offers.released_us))
    sensitivity = band(situation.price_sensitivity, _SENSITIVITIES)
    if sensitivity:
        rows.add("terms_price_sensitivity", terms, sensitivity)


def _days(spans_us: NDArray[np.int64]) -> Hashes:
    days: Hashes = _DAYS.searchsorted(spans_us / _DAY_US, side="right").astype(np.uint32)
    return days


def _add_offer(rows: Rows, offers: OfferColumns) -> None:
    rows.add("kind", offers.kind)
    rows.add("offer", offers.offer)
    rows.add("family", offers.family)
    rows.add("category_1", offers.category_1)
    rows.add("category_2", offers.category_2)
    rows.add("brand", offers.brand)
    rows.add("kind_price", paired(offers.kind, offers.price))


def _add_person(rows: Rows, offers: OfferColumns, situation: Situation) -> None:
    tier = text_hash(situation.value_tier)
    kind = offers.kind
    # A promotion may be about no category; then it is at least told from other kinds.
    by_kind = leading(kind)
    category_1 = by_kind + offers.category_1
    rows.add("kind_assurance", kind, situation.assurance)
    rows.add("kind_tier", kind, tier)
    rows.add("kind_recency", kind, band(situation.recency_days, _RECENCIES))
    rows.add("kind_cart", kind, int(situation.has_cart))
    rows.add("price_tier", offers.price, tier)
    if situation.categories.top:
        liked, liked_1 = (text_hash(each(situation.categories.top)) for each in (str, top))
        rows.add("kind_liked_1", kind, liked_1)
        rows.add("category_1_liked_1", category_1, liked_1)
        rows.add("category_2_liked", by_kind + offers.category_2, liked)
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
        found.append(("category_1_age", band(situation.age, _AGES)))
    found += _numbered("category_1_segment", situation.segments[:MOST_SEGMENTS])
    found += _numbered("category_1_attribute", situation.attributes[:MOST_ATTRIBUTES])
    return found


def _numbered(name: str, texts: Sequence[str]) -> list[tuple[str, int]]:
    return [(f"{name}_{place}", text_hash(text)) for place, text in enumerate(texts)]


def top(path: str) -> str:
    """Return the first step of a category path."""
    return path.partition(" > ")[0]

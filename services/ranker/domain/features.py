"""What the model sees of each candidate: traits x offer, hashed into a fixed table of weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from services.ranker.domain.crosses import Crosses, crosses
from services.ranker.domain.design import LEFTS, design_of, rights_of
from services.ranker.domain.entities import HASHED, Entities, OfferColumns
from services.ranker.domain.folding import Folding, folding_of
from services.ranker.domain.hashing import (
    PAIR,
    WORD,
    Hashes,
    leading,
    paired,
    text_hash,
    text_hashes,
)
from services.ranker.domain.layout import (
    COLUMN,
    COLUMNS,
    MOST_NUMBERS,
    MOST_TOLD,
    Group,
)
from services.ranker.domain.number_bands import told_hashes
from services.ranker.domain.situation import Situation

_GROUPS = list(Group)
_GROUP_NOS = np.array([_GROUPS.index(column.group) for column in COLUMNS])
_STRENGTHS = np.array([0.05, 0.2, 0.4, 0.6, 0.8, 0.95])
_COUNTS = np.array([1, 2, 3, 5, 8, 13, 21, 55, 144, 1000])
_SHARES = np.array([0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.75])
_DAYS = np.array([1, 3, 7, 14, 30, 90, 365])
_DAY_US = 86_400_000_000
_POSITION = COLUMN["placement_position"]
_Lefts = Iterator[tuple[str, Hashes]]
"""Some of `LEFTS`, by name."""


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
        offers = self._entities.columns(proposed.nos)
        told = told_hashes(
            [*situation.attributes, *situation.told][:MOST_TOLD], situation.numbers[:MOST_NUMBERS]
        )
        lefts = self._lefts(offers, proposed, situation)
        rights = rights_of(situation, told, is_with_evidence=proposed.evidence is not None)
        design = design_of(tuple(rights))
        indices = lefts[design.lefts]
        crossed = np.array(list(rights.values()), np.uint32)[design.order]
        design.folding.fold(indices, leading(crossed))
        shared = crosses(lefts[LEFTS["kind"]], lefts[LEFTS["kind_category_1"]], told, situation)
        return Features(indices, design.folding, shared)

    def _lefts(self, offers: OfferColumns, proposed: Proposed, situation: Situation) -> Hashes:
        """Return what is crossed with the person, shape (lefts, candidates).

        Rows that say what is not known of this request are left as they come.
        """
        lefts = np.empty((len(LEFTS), len(proposed.nos)), np.uint32)
        lefts[: len(HASHED)] = offers.hashes
        kinds = lefts[LEFTS["kind"]]
        by_kind = leading(kinds)
        lefts[LEFTS["base"]] = 0
        for name, hashes in (
            *_by_request(kinds, by_kind, proposed, situation),
            *_by_days(by_kind, offers, situation.now_us),
            *self._by_affinity(by_kind, offers, situation),
        ):
            lefts[LEFTS[name]] = hashes
        return lefts

    def _by_affinity(self, by_kind: Hashes, offers: OfferColumns, situation: Situation) -> _Lefts:
        entities = self._entities
        in_categories = entities.category_affinity(offers, situation.categories)
        yield "kind_category_affinity", by_kind + in_categories
        yield "kind_brand_affinity", by_kind + entities.brand_affinity(offers, situation.brands)
        if situation.category_in_mind:
            nearness = entities.nearness(offers, situation.category_in_mind)
            yield "kind_in_mind", by_kind + nearness


@lru_cache(4096)
def _position_weight(placement: str, position: int) -> int:
    weight = np.array([[text_hash(placement)]], np.uint32)
    folding_of((_POSITION,)).fold(weight, np.array([position * PAIR & WORD], np.uint32))
    return int(weight[0, 0])


def _by_request(kinds: Hashes, by_kind: Hashes, proposed: Proposed, situation: Situation) -> _Lefts:
    """Yield where and how candidates are proposed, and what speaks for them."""
    sources, evidence = proposed.sources.astype(np.uint32), proposed.evidence
    places = np.empty(len(sources), np.uint32)
    places[:] = _first_places(proposed.places, situation.placements)
    by_place = leading(places)
    strengths = _STRENGTHS.searchsorted(proposed.strengths).astype(np.uint32)
    yield "placement_position", places
    yield "kind_placement", by_place + kinds
    yield "kind_source", by_kind + sources
    yield "source_placement", by_place + sources
    yield "source_strength", paired(sources, strengths)
    if evidence is None:
        return
    said = leading(paired(evidence.kinds.astype(np.uint32), sources))
    counts = _COUNTS.searchsorted(evidence.counts, side="right").astype(np.uint32)
    share = evidence.counts / np.maximum(evidence.totals, 1)
    shares = (1 + _SHARES.searchsorted(share, side="right")) * (evidence.totals > 0)
    yield "evidence_count", said + counts
    yield "evidence_share", said + shares.astype(np.uint32)


def _first_places(bits: NDArray[np.uint32], placements: Sequence[str]) -> Hashes | int:
    """Return the hash of the first placement that each may fill; of the only one, where it is."""
    if len(placements) < 2:
        return text_hash(placements[0]) if placements else 0
    first = bits & (~bits + np.uint32(1))
    at = np.minimum(np.bitwise_count(first - np.uint32(1)), len(placements) - 1)
    return text_hashes(placements)[at]


def _by_days(by_kind: Hashes, offers: OfferColumns, now_us: int) -> _Lefts:
    """Yield how soon candidates end and how new they are."""
    if now_us:
        yield "kind_days_left", by_kind + _days(offers.ends_us - now_us)
        yield "kind_days_out", by_kind + _days(now_us - offers.released_us)


def _days(spans_us: NDArray[np.int64]) -> Hashes:
    days: Hashes = _DAYS.searchsorted(spans_us / _DAY_US, side="right").astype(np.uint32)
    return days

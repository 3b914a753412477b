"""Shoppers whose taste is known: who comes, what they are shown, and how likely they take it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import Candidates, PlacementAsk
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot, Traits
from touchpoint.common.v1.vocabulary_pb2 import Assurance, Channel, OfferKind, Source
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

TASTES = ("Cycling", "Books", "Fashion", "Kitchen", "Garden", "Computers")
TIERS = ("top", "high", "medium", "low")
AGES = (23, 31, 42, 55, 68)
PLACEMENT = "web.home.banner"
CANDIDATES = 20
_ITEMS = 10
"""Of each category."""
FEATURES = len(TASTES) * (_ITEMS + len(TASTES) + 1 + len(AGES) + 1) + 1
"""That matter, for those who know which these are."""
_UNKNOWN = 0.2
"""Share of shoppers of whom nothing is known but their answers."""
BASE, MATCH, SPREAD = -3.3, 2.4, 0.4


@dataclass(frozen=True, slots=True)
class Visit:
    """One shopper before one page."""

    request: RankRequest
    seen: NDArray[np.intp]
    """For rivals: which of the features that matter each candidate has, shape (candidates, 4).

    The item, its category for this taste and for this age, and one that all have.
    """
    chances: NDArray[np.float64]
    """How likely this shopper takes each candidate, shape (candidates,)."""
    expected: NDArray[np.float64]
    """How likely shoppers of whom the same is known do: nobody can know more of them than that."""
    luck: float
    """The candidate that is shown is taken where this, in [0, 1), is below its chance."""


class Shoppers:
    """A stream of visits by a seed; items are worth the same, so that reward is acceptance.

    A shopper takes what fits their taste ten times as often as other things; some items are liked
    more than others, and some by an age more than by another. `change` gives every taste another
    category at one stroke.
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        count = len(TASTES) * _ITEMS
        self._category = np.repeat(np.arange(len(TASTES)), _ITEMS)
        self._appeal = self._random.normal(0.0, SPREAD, count)
        self._by_age = self._random.normal(0.0, SPREAD, (len(AGES), len(TASTES)))
        self._wants = np.arange(len(TASTES))
        self.catalogue = _sold(self._category)

    def change(self) -> None:
        """Let everybody want something else from now on, whatever they are known for."""
        self._wants = np.roll(self._wants, 1 + int(self._random.integers(len(TASTES) - 1)))

    def visit(self) -> Visit:
        """Return the next visit."""
        random = self._random
        taste, age = int(random.integers(len(TASTES))), int(random.integers(len(AGES)))
        at = random.choice(len(self._category), CANDIDATES, replace=False)
        every = self._chances(at)
        chances = expected = every[taste, age]
        category, snapshot, known = self._category[at], b"", (len(TASTES), len(AGES))
        if random.random() < _UNKNOWN:
            expected = every.mean(axis=(0, 1))
        else:
            tier = TIERS[int(random.integers(len(TIERS)))]
            snapshot = _snapshot(TASTES[taste], AGES[age], tier)
            known = taste, age
        request = _request(at + 1, snapshot, int(random.integers(1 << 62)))
        return Visit(request, _seen(at, category, *known), chances, expected, random.random())

    def _chances(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how likely each is taken, shape (tastes, ages, candidates)."""
        category = self._category[at]
        fits = category[None, :] == self._wants[:, None]
        log_odds = BASE + self._appeal[at] + self._by_age[:, category] + MATCH * fits[:, None, :]
        chances: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-log_odds))
        return chances


def _seen(
    at: NDArray[np.int64], category: NDArray[np.int64], taste: int, age: int
) -> NDArray[np.intp]:
    items, tastes = len(TASTES) * _ITEMS, len(TASTES) + 1
    by_taste = items + category * tastes + taste
    by_age = items + len(TASTES) * tastes + category * (len(AGES) + 1) + age
    return np.stack([at, by_taste, by_age, np.full(len(at), FEATURES - 1)], axis=1)


def _sold(category: NDArray[np.int64]) -> Catalogue:
    rows = [
        CatalogueRow(
            offer_no=no,
            offer_id=f"item-{no}",
            kind=OfferKind.PRODUCT,
            family_no=no,
            category=f"{TASTES[which]} > {TASTES[which]} {no % 2}",
            brand=f"brand-{no % 7}",
            price_micros=(5 + 7 * (no % 5)) * 1_000_000,
            value_micros=1_000_000,
            lever=1.0,
        )
        for no, which in enumerate(category.tolist(), start=1)
    ]
    made = Catalogue()
    made.apply(CatalogueBatch(version=1, rows=rows))
    return made


def _snapshot(taste: str, age: int, tier: str) -> bytes:
    traits = Traits(value_tier=tier, recency_days=5, categories=[taste], category_affinities=[0.7])
    found = PersonSnapshot(
        person_ids=["somebody"], assurance=Assurance.VERIFIED, age=age, traits=traits
    )
    return found.SerializeToString()


def _request(nos: NDArray[np.int64], snapshot: bytes, seed: int) -> RankRequest:
    count = len(nos)
    made = RankRequest(
        snapshot=snapshot,
        candidates=Candidates(
            offer_nos=nos.tolist(), sources=[Source.POPULAR] * count, scores=[1.0] * count
        ),
        placement_bits=[1] * count,
    )
    made.context.seed, made.context.channel = seed, Channel.WEB
    made.context.placements.append(PlacementAsk(placement=PLACEMENT, limit=1))
    return made

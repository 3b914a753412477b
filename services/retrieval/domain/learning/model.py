"""What training makes and what is served of it: arrays and numbers alone, without behaviour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.blend_model import BlendModel
from services.retrieval.domain.learning.content import NO_SPACE, ContentSpace
from services.retrieval.domain.learning.groups import GroupModel
from services.retrieval.domain.learning.session_model import SessionModel
from services.retrieval.domain.learning.successor_model import SuccessorModel

NOT_LEARNED = -1
"""The row of an offer that the model does not hold."""


@dataclass(frozen=True, slots=True)
class ItemModel:
    """What is known of items and of no person; n items that were bought, d dimensions.

    Fields are strings, numbers and arrays alone, so that whoever stores it can go over them.
    """

    catalogue_id: str
    """UUID of the catalogue whose numbers these are; a model of another one must be refused."""
    catalogue_version: int
    trained_us: int
    """Business time, microseconds since 1970."""
    regularisation: float
    unobserved_weight: float
    offer_nos: NDArray[np.uint32]
    """(n,) ascending; a place in it is a row."""
    factors: NDArray[np.float32]
    """(n, d) iALS."""
    buyers: NDArray[np.uint32]
    """(n,) persons who bought it."""
    heat: NDArray[np.float32]
    """(n,) persons who bought it, each decayed since they last did."""
    repeats: NDArray[np.float32]
    """(n,) days on which a buyer bought it, on average; 1: nobody did again."""
    neighbour_nos: NDArray[np.uint32]
    """(n, k) offers bought by the same persons, the closest first; 0 is padding."""
    neighbour_scores: NDArray[np.float32]
    """(n, k) shrunk cosine, 0 to 1."""
    neighbour_counts: NDArray[np.uint32]
    """(n, k) persons who bought both; 0 is padding."""
    blend: NDArray[np.float32]
    """(1 + signals,) a constant, then the weights of `signals.SIGNALS`, learned from the last part
    of the log."""
    content_nos: NDArray[np.uint32]
    """(m,) ascending: every item with a title, whether or not anybody bought it."""
    content: NDArray[np.float32]
    """(m, c) of length 1: titles, categories, brands and prices."""

    def rows_of(self, offer_nos: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each offer in `factors`, or `NOT_LEARNED`."""
        return rows_among(self.offer_nos, offer_nos)


@dataclass(frozen=True, slots=True)
class PersonModel:
    """What is known of p persons: to be forgotten when they ask to be."""

    person_ids: tuple[str, ...]
    factors: NDArray[np.float32]
    """(p, d) in the space of `ItemModel.factors`."""
    starts: NDArray[np.int64]
    """(p + 1,) where in `rows` each person's begin and the next one's."""
    rows: NDArray[np.uint32]
    """Rows of `ItemModel` that persons dealt with; ascending within a person."""
    weights: NDArray[np.float32]
    """How strongly, as iALS weighed it; above 0."""
    habits: NDArray[np.float32]
    """(pairs, HABITS) `rhythm.DATES` as of `ItemModel.trained_us`, then days of purchase, each
    decayed by `signals.HABIT_HALF_LIVES_DAYS`; 0: only looked at."""
    trips: NDArray[np.float32]
    """(p, TRIPS)"""
    foretold_us: int = 0
    """When the hold-out of its training began; 0: nothing was foretold."""
    foretold_ids: tuple[str, ...] = ()
    """Some persons to whom it was foretold from the past what they would buy in the hold-out."""
    foretold_nos: NDArray[np.uint32] = field(default_factory=lambda: np.zeros((0, 0), np.uint32))
    """(foretold_ids, 100) offers, best first: what the next model is compared with."""

    def without(self, person_ids: Collection[str]) -> PersonModel:
        """Return the model with nothing left of some persons; itself when it knows none of them."""
        gone = set(person_ids)
        stays = np.array([each not in gone for each in self.person_ids], np.bool_)
        told = np.array([each not in gone for each in self.foretold_ids], np.bool_)
        if stays.all() and told.all():
            return self
        counts = np.diff(self.starts)
        kept = stays.repeat(counts)
        return replace(
            self,
            person_ids=tuple(each for each in self.person_ids if each not in gone),
            factors=self.factors[stays],
            starts=np.concatenate(([0], counts[stays].cumsum())).astype(np.int64),
            rows=self.rows[kept],
            weights=self.weights[kept],
            habits=self.habits[kept],
            trips=self.trips[stays],
            foretold_ids=tuple(each for each in self.foretold_ids if each not in gone),
            foretold_nos=self.foretold_nos[told],
        )


@dataclass(frozen=True, slots=True)
class BasketModel:
    """Partners of n items in the orders that hold them, k each."""

    offer_nos: NDArray[np.uint32]
    """(n,) ascending."""
    orders: NDArray[np.uint32]
    """(n,) orders of at most 60 items that hold it."""
    partner_nos: NDArray[np.uint32]
    """(n, k) what completes it, the most telling first; 0 is padding."""
    partner_scores: NDArray[np.float32]
    """(n, k) how much likelier an order holds the partner for holding it, 0 to 1; shrunk."""
    partner_counts: NDArray[np.uint32]
    """(n, k) orders that hold both."""
    brand_kept: NDArray[np.float32]
    """(n,) how many times likelier than by chance what is taken along from other categories is of
    the same brand, 1 to 4; of its leaf category, shrunk towards the whole shop."""

    @classmethod
    def none(cls) -> BasketModel:
        """Return what is known without any orders."""
        nos, none = np.zeros(0, np.uint32), np.zeros((0, 0), np.uint32)
        scores = np.zeros((0, 0), np.float32)
        return cls(nos, nos, none, scores, none, np.zeros(0, np.float32))


@dataclass(frozen=True, slots=True)
class ContentFit:
    """How far what items are foretells what people do with them."""

    to_taste: NDArray[np.float32]
    """(c + 1, d): makes a content and a 1 behind it a vector among `ItemModel.factors`."""
    cosine: float
    """Between tastes foretold and learned, from the middle of all items, of those that were held
    back; 0 to 1. So much a foretold taste is to be trusted."""
    recall: float
    """Share of what persons took, of items held back, that was in the tenth foretold for them."""
    content_weight: float
    """Share of content in how alike things are, 0 to 1; the rest is of who dealt with both."""

    @classmethod
    def none(cls) -> ContentFit:
        """Return what foretells nothing: only what things are makes them alike."""
        return cls(np.zeros((0, 0), np.float32), 0.0, 0.0, 1.0)

    def tastes(self, contents: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (n, d) where people would put items of these contents; not if nothing is told."""
        found: NDArray[np.float32] = contents @ self.to_taste[:-1] + self.to_taste[-1]
        return found


@dataclass(frozen=True, slots=True)
class SeasonModel:
    """How much more or less of c leaf categories is bought in each fortnight of the year."""

    categories: tuple[str, ...]
    """Paths."""
    factors: NDArray[np.float32]
    """(c, 26) beside the whole year, 0.25 to 4, shrunk towards 1."""

    @classmethod
    def none(cls) -> SeasonModel:
        """Return what is known without a year of purchases."""
        return cls((), np.zeros((0, 0), np.float32))


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """All that one training made, in parts.

    A further part is a dataclass like these two, named here with a default that knows nothing: a
    file written before there was such a part reads as that. Whatever names a person belongs into
    `persons`, which alone is written anew when somebody is erased.
    """

    items: ItemModel
    persons: PersonModel
    baskets: BasketModel = field(default_factory=BasketModel.none)
    space: ContentSpace = NO_SPACE
    groups: GroupModel = field(default_factory=GroupModel.none)
    gifts: GroupModel = field(default_factory=GroupModel.none)
    """Groups of those whom gifts are for."""
    fit: ContentFit = field(default_factory=ContentFit.none)
    sessions: SessionModel = field(default_factory=SessionModel.none)
    seasons: SeasonModel = field(default_factory=SeasonModel.none)
    successors: SuccessorModel = field(default_factory=SuccessorModel.none)
    blend: BlendModel = field(default_factory=BlendModel.none)


def rows_among(known: NDArray[np.uint32], wanted: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place of each number in an ascending column, or `NOT_LEARNED`."""
    if not len(known):
        return np.full(len(wanted), NOT_LEARNED, np.int64)
    places = known.searchsorted(wanted)
    places[places == len(known)] = 0
    rows: NDArray[np.int64] = np.where(known[places] == wanted, places, NOT_LEARNED)
    return rows

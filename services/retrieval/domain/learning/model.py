"""What training makes and what is served of it: arrays and numbers alone, without behaviour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

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
    """(m, c) of length 1: titles, categories and brands."""

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
    """(pairs, 3) days of purchase, each decayed until `ItemModel.trained_us` by
    `signals.HABIT_HALF_LIVES_DAYS`; 0: only looked at."""

    def without(self, person_ids: Collection[str]) -> PersonModel:
        """Return the model with nothing left of some persons; itself when it knows none of them."""
        gone = set(person_ids)
        stays = np.array([each not in gone for each in self.person_ids], np.bool_)
        if stays.all():
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
        )


@dataclass(frozen=True, slots=True)
class LearnedModel:
    """All that one training made."""

    items: ItemModel
    persons: PersonModel


def rows_among(known: NDArray[np.uint32], wanted: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the place of each number in an ascending column, or `NOT_LEARNED`."""
    if not len(known):
        return np.full(len(wanted), NOT_LEARNED, np.int64)
    places = known.searchsorted(wanted)
    places[places == len(known)] = 0
    rows: NDArray[np.int64] = np.where(known[places] == wanted, places, NOT_LEARNED)
    return rows

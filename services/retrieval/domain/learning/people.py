"""What training knows of people beside what they did: age and what many have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.learning.facets import AGE, Facets, band_words, bands_of


@dataclass(frozen=True, slots=True)
class People:
    """Persons as rows; those of one set are alike."""

    person_ids: tuple[str, ...]
    ages: NDArray[np.uint8]
    """Years; 0: not known."""
    names: tuple[str, ...]
    """Of attributes."""
    words: tuple[str, ...]
    """Attribute after attribute."""
    ends: NDArray[np.int64]
    """Where in `words` each attribute's end."""
    places: NDArray[np.uint8]
    """(p, attributes) the place of a person's word among those of the attribute, from 1; 0: none.
    """
    firsts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    """(p,) the place in `person_ids` of the first of those who are one; empty: all are apart."""

    @classmethod
    def none(cls) -> People:
        """Return nobody."""
        return cls(
            (), np.zeros(0, np.uint8), (), (), np.zeros(0, np.int64), np.zeros((0, 0), np.uint8)
        )

    def standing_for(self, person_ids: Sequence[str]) -> NDArray[np.int64]:
        """Return, by place in some ids, the place of the first of those who are one with it."""
        found = np.arange(len(person_ids))
        if not len(self.firsts):
            return found
        row = {person_id: at for at, person_id in enumerate(self.person_ids)}
        rows = np.array([row.get(each, -1) for each in person_ids], np.int64)
        known = (rows >= 0).nonzero()[0]
        _, first, places = np.unique(
            self.firsts[rows[known]], return_index=True, return_inverse=True
        )
        found[known] = known[first[places]]
        return found

    def facets(self, person_ids: Sequence[str]) -> Facets:
        """Return the descriptions of some persons, of whom not all need be known here."""
        row = {person_id: at for at, person_id in enumerate(self.person_ids)}
        own = Facets(self.names, self.words, self.ends, self.places)
        columns = {AGE: (band_words(), bands_of(self.ages))}
        columns |= {
            name: (own.words_of(at), self.places[:, at]) for at, name in enumerate(self.names)
        }
        rows = np.array([row.get(each, -1) for each in person_ids], np.int64)
        return Facets.of(columns).at(rows)

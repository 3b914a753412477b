"""What people are learned from: counts of what each of them did, and what each of them is."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.profile.domain.personas.evidence import (
    AGE,
    Evidence,
)
from services.profile.domain.reading import own_attributes

CATEGORIES, BRANDS, CHANNELS, VALUE_TIERS = "categories", "brands", "channels", "value_tiers"
ATTRIBUTE = "attribute:"
"""Before the name of an attribute, in the name of its family."""
LEAST_KNOWN = 1.5
"""Observations from which a person is learned from: who only passed by shows no kind."""
_BORN = ("birth_date", "birth_year")
"""Told by the age."""


@dataclass(frozen=True, slots=True)
class Counts:
    """One family of things as people show it: a row for each thing of each person."""

    words: tuple[str, ...]
    people: NDArray[np.int32]
    """Person, by number."""
    things: NDArray[np.int32]
    """Index of `words`."""
    counts: NDArray[np.float64]
    """Observations that may be taken for independent."""


@dataclass(frozen=True, slots=True)
class Sample:
    """People to learn from."""

    people: int
    families: Mapping[str, Counts]


@dataclass(slots=True)
class _Family:
    places: dict[str, int] = field(default_factory=dict)
    people: array[int] = field(default_factory=lambda: array("i"))
    things: array[int] = field(default_factory=lambda: array("i"))
    counts: array[float] = field(default_factory=lambda: array("d"))

    def add(self, person: int, word: str, count: float) -> None:
        self.people.append(person)
        self.things.append(self.places.setdefault(word, len(self.places)))
        self.counts.append(count)

    def done(self) -> Counts:
        return Counts(
            tuple(self.places),
            np.array(self.people, np.int32),
            np.array(self.things, np.int32),
            np.array(self.counts, np.float64),
        )


@dataclass(slots=True)
class Collector:
    """Takes people one by one, so that their states need not be there together."""

    people: int = 0
    _families: dict[str, _Family] = field(default_factory=dict)

    def add(self, evidence: Evidence) -> None:
        """Add a person; one of whom too little is known is left out."""
        categories, brands = evidence.interests()
        if max(sum(categories.counts), sum(brands.counts)) < LEAST_KNOWN:
            return
        for name, seen in (
            (CATEGORIES, categories),
            (BRANDS, brands),
            (CHANNELS, evidence.channels()),
        ):
            self._take(name, zip(seen.things, seen.counts, strict=True))
        self._take(VALUE_TIERS, ((evidence.value_tier(), 1.0),))
        for name in sorted({AGE, *own_attributes(evidence.state)}.difference(_BORN)):
            if value := evidence.attribute(name):
                self._take(ATTRIBUTE + name, ((value, 1.0),))
        self.people += 1

    def _take(self, name: str, things: Iterable[tuple[str, float]]) -> None:
        family = self._families.setdefault(name, _Family())
        for word, count in things:
            family.add(self.people, word, count)

    def sample(self) -> Sample:
        return Sample(
            self.people, {name: self._families[name].done() for name in sorted(self._families)}
        )

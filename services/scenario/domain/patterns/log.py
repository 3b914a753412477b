"""What people did, as columns that patterns are found in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Wholes = NDArray[np.int64]
Places = NDArray[np.intp]
Numbers = NDArray[np.float64]

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
SILENCE_US = 30 * MINUTE_US
"""Of so long ends a visit, as in docs/measures.md."""
PURCHASE = "purchase"
VISITING = (
    "view",
    "search",
    "click",
    "page_view",
    "article_view",
    "question_asked",
    "faq_view",
    "add_to_cart",
    "remove_from_cart",
    "checkout_started",
    PURCHASE,
    "out_of_stock",
    "email_click",
)
"""Types of events by which somebody is there: what makes up a visit."""


@dataclass(frozen=True, slots=True)
class Deeds:
    """Events as columns of equal length."""

    person: NDArray[np.int32]
    """Who did it, all persons of a set as one, numbered from 0."""
    time_us: Wholes
    type: NDArray[np.int32]
    """Place in the names of types."""
    category: NDArray[np.int32]
    """Place of the top level of its category in the names of categories; 0: none."""
    topic: NDArray[np.uint8]
    """What a page was about that a hesitating buyer reads, place in `TOPICS`."""
    channel: NDArray[np.int32]
    """Place in the names of channels."""
    offer_no: Wholes
    """0: none."""
    quantity: Numbers
    value_micros: Wholes
    """What was paid, in the home currency."""
    placement: NDArray[np.int32]
    """Place in the names of placements; 0: none."""
    price_micros: Wholes
    """Of one of its item now, in the home currency; 0: not known."""

    @classmethod
    def none(cls) -> Deeds:
        """Return no events."""
        whole, word, number = np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0)
        topic = np.zeros(0, np.uint8)
        return cls(word, whole, word, word, topic, word, whole, number, whole, word, whole)

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Return the columns, in the order of the fields."""
        return tuple(getattr(self, each.name) for each in fields(self))

    def picked(self, places: Places | Flags) -> Deeds:
        """Return some of them."""
        return Deeds(*(each[places] for each in self.columns()))

    def __len__(self) -> int:
        return len(self.time_us)


TOPICS = ("", "shipping", "returns", "questions")
"""What pages are about that a hesitating buyer reads, by the number that profile gives them."""


@dataclass(frozen=True, slots=True)
class Log:
    """What happened until a time, and the names that its columns are written with."""

    deeds: Deeds
    since_us: int
    until_us: int
    types: Sequence[str]
    categories: Sequence[str]
    """The first is none."""
    channels: Sequence[str]
    placements: Sequence[str]
    """The first is none."""
    persons: int
    bought_us: Wholes
    """By person, when they last bought before the log begins; 0: not that it is known."""

    def are(self, *types: str) -> Flags:
        """Return which deeds are of one of these types."""
        wanted = np.array([name in types for name in self.types], np.bool_)
        if not len(wanted):
            return np.zeros(len(self.deeds), np.bool_)
        return wanted[self.deeds.type]

    def ordered(self, *types: str) -> Log:
        """Return the deeds of these types, all for none, by person and time; purchases last."""
        chosen = np.flatnonzero(self.are(*types)) if types else np.arange(len(self.deeds))
        deeds = self.deeds.picked(chosen)
        order = np.lexsort((self.are(PURCHASE)[chosen], deeds.time_us, deeds.person))
        return self.having(deeds.picked(order))

    def having(self, deeds: Deeds) -> Log:
        """Return the same of other deeds."""
        return Log(
            deeds,
            self.since_us,
            self.until_us,
            self.types,
            self.categories,
            self.channels,
            self.placements,
            self.persons,
            self.bought_us,
        )


@dataclass(frozen=True, slots=True)
class SharedWord:
    """An attribute of which few different words are known."""

    name: str
    words: Sequence[str]
    place: NDArray[np.uint8]
    """By person, from 1 on in `words`; 0: not known."""


@dataclass(frozen=True, slots=True)
class Known:
    """What people are, numbered as in the log."""

    persons: int
    segments: Sequence[str] = ()
    member: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """Who is in a segment now; columns of equal length."""
    segment: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    since_us: Wholes = field(default_factory=lambda: np.zeros(0, np.int64))
    attributes: Sequence[SharedWord] = ()
    """As they are now."""

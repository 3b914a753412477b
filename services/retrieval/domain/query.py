"""What is asked for, and what a source answers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.retrieval.domain.answers import Answer
from services.retrieval.domain.catalogue import PRODUCT
from services.retrieval.domain.contents import NO_CONTENTS, Contents
from services.retrieval.domain.offer_tastes import NO_OFFERS, OfferTastes
from services.retrieval.domain.recipients import Recipient
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelf import Shelf
from services.retrieval.domain.sifting import AnyShowing
from services.retrieval.domain.taste import Taste
from services.retrieval.domain.wardrobe import UNKNOWN, Wardrobe

Number = TypeVar("Number", np.uint32, np.uint8)

_NONE = np.zeros(0, np.int64)
_FEW = 3


@dataclass(frozen=True, slots=True)
class Visit:
    """What is being shopped for."""

    category_no: int
    """0: none."""
    item_nos: tuple[int, ...]
    """Items looked at, newest first."""
    missed_nos: tuple[int, ...] = ()
    """Items asked for that were out of stock, newest first."""


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of whom it is for; the columns are of equal length."""

    owned_family_nos: NDArray[np.uint32]
    bought_minutes: NDArray[np.int64]
    """When each was last bought, minutes since 1970."""
    times_bought: NDArray[np.int64]
    cycle_days: NDArray[np.float64]
    """Days between purchases; 0: not known."""
    visit: Visit | None
    liked: tuple[tuple[int, float], ...]
    """Category and affinity 0 to 1, strongest first."""
    person_ids: tuple[str, ...] = ()
    persona: str = ""
    """Empty: none."""
    """The persons a merge made one."""
    age: int = 0
    """Years; 0: not known."""
    words: Mapping[str, str] = field(default_factory=dict)
    """Attributes, as they were said."""
    wardrobe: Wardrobe = UNKNOWN
    """Sizes and the like."""
    may_be_learned_from: bool = True
    """Whether anything may be learned from what they are."""
    agrees_to_sharing: bool = False
    """Whether what is known of them may leave the house."""


@dataclass(frozen=True, slots=True)
class Query:
    """One request for candidates; every number in it is known to the shelf."""

    shelf: Shelf
    showing: AnyShowing
    """What may be shown: by channel, kind, moment and bundle, and whom a gift is for."""
    now_us: int
    kinds: Collection[int]
    """Kinds that some placement of the request shows."""
    limit: int
    placements: tuple[str, ...] = ()
    """Placements that are to be filled."""
    item_nos: tuple[int, ...] = ()
    """Items in view."""
    cart_nos: tuple[int, ...] = ()
    category_no: int = 0
    """The category in view; 0: none."""
    person: Person | None = None
    """None: nobody is known, or it is not for them."""
    is_personal: bool = True
    """False: sources that follow a person are left out."""
    model: ServedModel | None = None
    """None: none was trained yet."""
    taste: Taste | None = None
    """Of the person, in the space of the model; None: nothing tells of it."""
    offer_tastes: OfferTastes = NO_OFFERS
    """Offers in the space of the same model."""
    contents: Contents = NO_CONTENTS
    """Where items lie by what they are."""
    answers: tuple[Answer, ...] = ()
    """What was asked for."""
    recipient: Recipient | None = None
    """Whom it is a gift for; None: it is none."""
    excluded_nos: tuple[int, ...] = ()
    """What the caller does not want."""

    def shows(self, offer_nos: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Return which of some offers may be shown and are not left out by the caller.

        To be asked before a source cuts itself to its limit, so that others have their places.
        """
        shown = self.showing.shows(offer_nos)
        if self.excluded_nos:
            shown &= ~is_any_of(offer_nos, np.array(self.excluded_nos, np.int64))
        return shown

    def shows_known(self, offer_nos: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the same of offers of which the shelf may not know some yet: these it does not."""
        return self.shows(np.where(offer_nos < self.showing.size, offer_nos, 0))

    @property
    def wants_items(self) -> bool:
        return PRODUCT in self.kinds

    @property
    def wants_offers(self) -> bool:
        return any(kind != PRODUCT for kind in self.kinds)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Candidates of one source, best first, as columns of equal length."""

    offer_nos: NDArray[np.int64]
    scores: NDArray[np.float32]
    """How strongly each is proposed, 0 to 1."""
    evidence_nos: NDArray[np.uint32]
    """The item the evidence speaks of; 0: none."""
    evidence_counts: NDArray[np.uint32]
    """How much of it there is; 0: not counted."""
    evidence_totals: NDArray[np.uint32]
    """What the count is out of; 0: not said."""
    evidence_kinds: NDArray[np.uint8]
    """What the evidence says, as EvidenceKind; 0: what the source means as a rule."""
    texts: Mapping[int, str] = field(default_factory=dict)
    """Words that belong to the evidence, by family, or by the number of what has none."""
    turns: float = 1.0
    """So many turns it has for each that its source has as a rule."""

    @property
    def lengths(self) -> tuple[int, ...]:
        """Of the columns; equal where they can be merged."""
        return (
            len(self.offer_nos),
            len(self.scores),
            len(self.evidence_nos),
            len(self.evidence_counts),
            len(self.evidence_totals),
            len(self.evidence_kinds),
        )

    @classmethod
    def of(
        cls,
        offer_nos: NDArray[np.int64],
        scores: NDArray[np.floating],
        evidence_nos: NDArray[np.uint32] | int = 0,
        evidence_counts: NDArray[np.uint32] | int = 0,
        evidence_totals: NDArray[np.uint32] | int = 0,
        evidence_kinds: NDArray[np.uint8] | int = 0,
    ) -> Proposals:
        """Take columns; a number stands for a whole column of it."""
        count = len(offer_nos)
        return cls(
            offer_nos,
            scores.astype(np.float32, copy=False),
            _column(evidence_nos, count, np.uint32),
            _column(evidence_counts, count, np.uint32),
            _column(evidence_totals, count, np.uint32),
            _column(evidence_kinds, count, np.uint8),
        )

    def only(self, which: NDArray[np.bool_ | np.int64]) -> Proposals:
        """Return some of the candidates."""
        return Proposals(
            self.offer_nos[which],
            self.scores[which],
            self.evidence_nos[which],
            self.evidence_counts[which],
            self.evidence_totals[which],
            self.evidence_kinds[which],
            self.texts,
            self.turns,
        )


def _column(values: NDArray[Number] | int, count: int, number: type[Number]) -> NDArray[Number]:
    """Return a column; most are of nothing, and zeros cost a tenth of any other number."""
    if not isinstance(values, int):
        return values
    return np.full(count, values, number) if values else np.zeros(count, number)


NO_PROPOSALS = Proposals.of(_NONE, np.zeros(0))


class CandidateSource(Protocol):
    """One idea of what to propose."""

    @property
    def is_personal(self) -> bool:
        """Whether it follows a person: left out where nothing personal is wanted."""
        ...

    def propose(self, query: Query) -> Proposals:
        """Return at most `query.limit` candidates that may be shown, best first.

        Computes and waits for nothing; raises TouchpointError where it cannot answer now.
        """
        ...


def is_any_of(numbers: NDArray[np.integer], few: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return which numbers are among a few; for those comparing one by one beats sorting."""
    if len(few) > _FEW:
        ascending = np.sort(few)
        places = np.minimum(ascending.searchsorted(numbers), len(few) - 1)
        found: NDArray[np.bool_] = ascending[places] == numbers
        return found
    mask = np.zeros(len(numbers), np.bool_)
    for number in few.tolist():
        mask |= numbers == number
    return mask


def highest(scores: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Return the places of the `count` highest, best first; of equals the earlier comes first."""
    if len(scores) <= count:
        return (-scores).argsort(kind="stable")
    least = np.partition(scores, -count)[-count]
    places = (scores >= least).nonzero()[0]
    best: NDArray[np.int64] = places[(-scores[places]).argsort(kind="stable")][:count]
    return best


def saturated(strengths: NDArray[np.floating], half: float) -> NDArray[np.floating]:
    """Return strengths from 0 up as scores from 0 to 1: a half for `half`, near 1 for far more."""
    return strengths / (strengths + half)

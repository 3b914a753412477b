"""Answers to what was shown, and when an offer counts as accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
PRODUCT, PROMOTION, CONTENT, SERVICE, SURVEY = 1, 2, 3, 4, 5
"""Kinds of offers, as in the contract."""


class Outcome(IntEnum):
    """What became of something shown; numbers as in the contract."""

    SHOWN = 1
    ACCEPTED = 2
    DECLINED = 3


class Parked(IntEnum):
    """Why nothing can be learned from an answer."""

    NO_DECISION = 1
    """It names a decision that is not in the journal."""
    NOT_SHOWN = 2
    """It is about an offer that the decision did not show, or that nobody showed at all."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An event that may answer a decision."""

    event_id: str
    person_id: str
    type: str
    time_us: int
    offer_no: int
    family_no: int
    """Of the item; an offer that is no product stands for itself."""
    decision_id: str = ""
    """The decision it names; empty: none."""
    placement: str = ""

    @property
    def may_be_credited(self) -> bool:
        """Whether it may accept what another decision showed than the one it names."""
        return self.type == "purchase" or (not self.decision_id and self.type in CREDITED)


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """What the catalogue says of an offer."""

    kind: int
    family_no: int
    """Its own number where it is no product."""
    ends_us: int = 0
    """0: no end."""


Look = Callable[[int], OfferFacts]
"""Looks an offer up by its number."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One place of a decision that the model chose for."""

    placement: str
    offer_no: int
    features: bytes
    """What the model saw; empty: nothing can be learned."""
    selection_probability: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision of the journal, as far as it can be answered."""

    decision_id: str
    person_ids: Sequence[str]
    time_us: int
    shown: Sequence[Shown]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the learning log, before it has a number; unique by its key."""

    decision_id: str
    """Empty: the person was erased."""
    placement: str
    offer_no: int
    outcome: Outcome
    features: bytes
    time_us: int
    selection_probability: float
    family_no: int
    person_ids: Sequence[str]

    @property
    def place(self) -> Place:
        """What it is about."""
        return self.decision_id, self.placement, self.offer_no


Place = tuple[str, str, int]
"""Decision, placement and offer: what is shown once, and accepted once."""

SEEING = frozenset({"impression", "email_open"})
ANSWERING = SEEING | {"click", "email_click", "accept", "decline", "ignore", "survey_answer"}
"""Types of events that answer the decision they name."""
CREDITED = frozenset({"purchase", "accept", "click", "email_click", "survey_answer"})
"""Types that accept something, also without naming a decision."""
_ACCEPTED_BY: dict[int, frozenset[str]] = {
    PRODUCT: frozenset({"purchase"}),
    PROMOTION: frozenset({"accept", "purchase"}),
    CONTENT: frozenset({"click", "email_click", "accept"}),
    SERVICE: frozenset({"click", "email_click", "accept"}),
    SURVEY: frozenset({"survey_answer"}),
}


def is_acceptance(kind: int, answer_type: str) -> bool:
    """Return whether an answer of that type accepts an offer of that kind."""
    return answer_type in _ACCEPTED_BY.get(kind, ())


def accepted_in_time(facts: OfferFacts, shown_us: int, time_us: int) -> bool:
    """Return whether an acceptance at that time still belongs to the showing."""
    if time_us < shown_us:
        return False
    if facts.kind == PRODUCT:
        return time_us <= shown_us + DAY_US
    return not facts.ends_us or time_us <= facts.ends_us

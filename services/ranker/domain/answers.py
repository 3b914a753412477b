"""Answers to what was shown, and when an offer counts as accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
PRODUCT, PROMOTION, CONTENT, SERVICE, SURVEY = 1, 2, 3, 4, 5
"""Kinds of offers, as in the contract."""


class Outcome(IntEnum):
    """What became of something shown; numbers as in the contract."""

    NEWER = 0
    """Any that only a newer version knows, whatever its number: teaches nothing here."""
    SHOWN = 1
    ACCEPTED = 2
    DECLINED = 3
    LATE = 4
    """Taken after the time in which it counts as accepted; corrects by its credit."""
    RETURNED = 5
    """Brought back: takes back what its acceptance had added, by its credit."""
    REVERTED = 6
    """Rows before it were taken out, or put back: the model begins again without, or with them."""

    @classmethod
    def _missing_(cls, value: object) -> Outcome:
        return cls.NEWER


WRITTEN: tuple[Outcome, ...] = tuple(outcome for outcome in Outcome if outcome is not Outcome.NEWER)
"""What this version writes."""


class Parked(IntEnum):
    """Why nothing can be learned from an answer; numbers as in the table, which has others too."""

    NO_DECISION = 1
    """It names a decision that is not in the journal."""
    NOT_SHOWN = 2
    """It is about an offer that the decision did not show, or that nobody showed at all."""
    FOREIGN_DECISION = 4
    """The decision that it names was made for somebody else."""
    BAD_FEATURES = 5
    """What the decision says that the model saw is torn, not finite or out of range."""
    OVER_LIMIT = 6
    """Its person taught as much as one may on that day."""


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
    quantity: float = 1.0
    """How many were bought or brought back."""
    order_id: str = ""
    """Of a purchase or a return; empty: none named."""
    bought_family_no: int = 0
    """Of the item that was bought, also where it is about the promotion redeemed so; 0: none."""

    @property
    def purchase(self) -> int:
        """A number that item and promotion of one purchase share; 0: it is no purchase."""
        if self.type != PURCHASE or not self.bought_family_no:
            return 0
        is_item = self.bought_family_no == self.family_no
        event_id = self.event_id if is_item else self.event_id.removesuffix(REDEEMING)
        digest = blake2b(f"{self.person_id}/{event_id}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, signed=True) or 1

    @property
    def may_be_credited(self) -> bool:
        """Whether it may be about what another decision showed than the one it names."""
        if self.type in (PURCHASE, RETURN):
            return True
        return not self.decision_id and self.type in CREDITED


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
    channel: int = 0


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
    credit: float = 1.0
    """Share of its correction that it makes or takes back, above 0, at most 1."""
    quantity: float = 1.0
    """How many were bought or brought back."""
    event_id: str = ""
    """What brought it back, which may happen in parts; empty for all that happens once."""
    channel: int = 0
    """Of its decision; 0: not known."""
    purchase: int = 0
    """By which it was accepted, see `Answer`; 0: by none, or by one of before this was kept."""
    bought_family_no: int = 0
    """Of the item of that purchase; 0: as above."""
    order_id: str = ""
    """Of that purchase; empty: it named none."""
    reverted_by: Sequence[int] = ()
    """Numbers of the reverts that took it out; while there is one it teaches nothing."""

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
PURCHASE, RETURN = "purchase", "return"
REDEEMING = "/promotion"
"""Ends the id of the second answer that a purchase is which redeems a promotion."""
TEACHING = ANSWERING | CREDITED | {RETURN}
"""All types of events from which anything may be learned."""
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


@dataclass(frozen=True, slots=True)
class TeachingTerms:
    """How much one person may teach, and what an acceptance that comes late still counts."""

    showings_per_day: int = 200
    """Of one person, over the whole set, that teach on one business day."""
    acceptances_per_day: int = 20
    """Likewise."""
    credit_window_us: int = 7 * DAY_US
    """From being seen; later a purchase is credited to nothing."""
    credit_half_life_us: int = 2 * DAY_US
    """In which the credit of a purchase halves, from a day after it was seen."""

    def credit(self, facts: OfferFacts, shown_us: int, time_us: int) -> float:
        """Return what taking up at that time counts for the showing: 1 accepted, 0 nothing."""
        if accepted_in_time(facts, shown_us, time_us):
            return 1.0
        if facts.kind != PRODUCT or not 0 <= time_us - shown_us <= self.credit_window_us:
            return 0.0
        return float(0.5 ** ((time_us - shown_us - DAY_US) / self.credit_half_life_us))

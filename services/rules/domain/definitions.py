"""The definitions as they are decided by: placements, rules, limits; compiled from a bundle."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.rules.domain.budgets import PROMISED_FOR_US, OfferTerms
from services.rules.domain.contact_limits import ContactPolicy
from services.rules.domain.values import Frame, Outcome, Term
from shared.exchange import NO_EXCHANGE, Exchange

MOST_PLACEMENTS = 16
"""Of one request."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What some columns alone say of a condition."""

    key: Hashable
    """Equal for what answers alike under the same parameters."""
    term: Term
    """It holds or fails wherever the condition does."""


class Condition(Protocol):
    """Something that is true or false of each candidate; hashed as the object that it is."""

    @property
    def fields(self) -> frozenset[str]:
        """What it reads of each candidate: `offer.stock`; `offer` for all of it."""
        ...

    @property
    def reads_placement(self) -> bool:
        """Whether it may differ from placement to placement."""
        ...

    def evaluate(self, frame: Frame) -> Outcome: ...

    def bound(self, known: frozenset[str]) -> Bound | None:
        """Return what these columns alone say of it; None: nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Placement:
    """A place where recommendations are shown; kinds and channel by their numbers."""

    name: str
    channel: int
    kinds: frozenset[int]
    contact_kinds: frozenset[int]
    """Kinds whose presentation there is a contact."""
    counts_at_decision: bool
    """A contact counts when it is decided; else when it was seen."""
    one_contact: bool
    """The whole answer is one contact."""
    default_offers: frozenset[str]
    contact_held: bool = False
    """It is part of a message that counts as a contact already, so it needs none of its own."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What may not be offered, and whose arbitration is multiplied."""

    name: str
    level: int
    code: int
    kinds: frozenset[int]
    """Empty: all."""
    placements: frozenset[str]
    """Empty: all."""
    remove_when: Condition | None
    lever: float
    lever_when: Condition | None
    is_shadow: bool = False
    """What it would do is noted, and nothing comes of it."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A position of a placement that is kept for an offer."""

    name: str
    position: int
    """From 1."""
    offer_id: str
    when: Condition | None
    """Only while it holds; None: always."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything of one bundle that rules decides by."""

    bundle_hash: str
    placements: Mapping[str, Placement]
    rules: Sequence[Rule]
    """In the order they are told as a reason."""
    contacts: ContactPolicy
    sticky_us: int
    """How long a decision stands; 0: not at all."""
    questions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Names of the questions of each survey, by its offer's id."""
    pins: Mapping[str, Sequence[Pin]] = field(default_factory=dict)
    """By placement."""
    terms: Mapping[str, OfferTerms] = field(default_factory=dict)
    """Terms of the offers that have any of their own, by their ids."""
    promised_for_us: int = PROMISED_FOR_US
    """How long a promotion without an end of its own is promised."""
    exchange: Exchange = NO_EXCHANGE
    """By which amounts in other currencies are compared."""

"""What is read of the contact ledger and the decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.rules.domain.counters import Contact
from services.rules.domain.standing import StandingRow


@dataclass(frozen=True, slots=True)
class CheckFacts:
    """What one read tells of a person."""

    person_ids: tuple[str, ...] = ()
    """The set, oldest first; empty: nobody is known."""
    contacts: tuple[Contact, ...] = ()
    """Those that count."""
    standing: tuple[StandingRow, ...] = ()
    declines: tuple[tuple[int, int], ...] = ()
    """(family or offer number, time): only where the person was found by a pseudonym."""
    promised: tuple[int, ...] = ()
    """Offers whose promise holds."""
    reserved: tuple[int, ...] = ()
    """Offers decided for them and not seen yet: their budget is taken."""
    presented_us: Mapping[int, int] = field(default_factory=dict, compare=False)
    """When what is promised or reserved was decided, by offer; not told of the past."""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as it was made."""

    decision_id: str
    person_ids: tuple[str, ...]
    decided_us: int
    channel: int
    answer: bytes
    trace: bytes = b""
    """Empty: no longer kept, or not asked for."""


@dataclass(frozen=True, slots=True)
class LoggedContact:
    """A contact in the log, in its latest state."""

    position: int
    contact_id: str
    person_id: str
    policy: str
    state: int
    channel: int
    offer_no: int
    time_us: int

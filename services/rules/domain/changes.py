"""What rules keeps of the events and identities that profile tells of."""

from __future__ import annotations

from dataclasses import dataclass

from services.rules.domain.contact_limits import MARKETING


@dataclass(frozen=True, slots=True)
class Declined:
    """An offer was turned down."""

    person_id: str
    offer_no: int
    family_no: int
    """Family of an item; for every other offer its own number."""
    time_us: int
    decision_id: str = ""
    """What it answers; empty: not known."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An offer was seen: its reserved contact counts for good."""

    person_id: str
    decision_id: str
    offer_no: int
    session_id: str


@dataclass(frozen=True, slots=True)
class Redeemed:
    """An offer was accepted: its promise is kept, and its budget spent for good."""

    person_id: str
    decision_id: str
    offer_no: int
    time_us: int
    event_name: str = ""
    """`event/person/number`, by which it takes effect once; empty: not known."""
    received_us: int = 0
    """What was promised later was not redeemed by it; 0: not known."""
    offer_id: str = ""
    """What a purchase names beside its item; its number is yet to be looked up."""


@dataclass(frozen=True, slots=True)
class Contacted:
    """A message reached a person, ours or another system's."""

    contact_id: str
    """Made of the event, so that it counts once however often it is told."""
    event_id: str
    person_id: str
    decision_id: str
    channel: int
    offer_no: int
    session_id: str
    time_us: int
    policy: str = MARKETING
    kind: int = 0
    """Of the offer."""
    group: str = ""
    """Of the offer."""
    is_imported: bool = False
    """It is told after the fact, perhaps with many others."""


@dataclass(frozen=True, slots=True)
class Identified:
    """A pseudonym now leads to a set of persons."""

    identity_key: bytes
    person_id: str
    person_ids: tuple[str, ...]
    version: int
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class Erased:
    """Persons are to be forgotten."""

    person_ids: tuple[str, ...]
    identity_keys: tuple[bytes, ...]


Change = Declined | Redeemed | Seen | Contacted | Identified | Erased

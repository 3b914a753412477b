"""An owner's client list: whom they look after now, and with whom a word is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from services.profile.domain.due import Due, words_due
from services.profile.domain.ports import Member
from services.profile.domain.reading import Tiers, Traits, traits
from services.profile.domain.relationships import Relationship, Tenure, tenures
from services.profile.domain.state import merge


class Asked(NamedTuple):
    """Whose clients, and which page of them."""

    owner_id: str
    role: str
    """Empty: all."""
    after: str
    """Name of the last set of the page before; empty: from the beginning."""
    at_most: int
    now_us: int


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """A set of persons of whom one was given to the owner, as it is stored."""

    members: Sequence[Member]
    """Oldest first."""
    said: Sequence[Relationship]
    """All relationships of the set."""
    name: str
    customer_id: str
    """Empty: none is known."""

    @property
    def group_id(self) -> str:
        return self.members[0].group_id


class ClientRecords(Protocol):
    """Reads whom an owner was given."""

    async def page(self, asked: Asked) -> Sequence[ClientRecord]:
        """Return sets by name, those with a relationship of the owner that may hold now."""
        ...


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody an owner looks after."""

    person_ids: tuple[str, ...]
    name: str
    customer_id: str
    tenures: Sequence[Tenure]
    """Those of the owner that hold now."""
    traits: Traits
    due: Sequence[Due]
    """Most pressing first."""


def client_of(record: ClientRecord, asked: Asked, tiers: Tiers) -> Client | None:
    """Return the client of a record; None where somebody else looks after them by now."""
    held = [
        tenure
        for tenure in tenures(record.said)
        if tenure.owner_id == asked.owner_id
        and tenure.covers(asked.now_us)
        and asked.role in ("", tenure.role)
    ]
    if not held:
        return None
    state = merge([member.state for member in record.members])
    since_us = min(tenure.from_us for tenure in held)
    return Client(
        tuple(member.person_id for member in record.members),
        record.name,
        record.customer_id,
        held,
        traits(state, asked.now_us, tiers),
        words_due(state, since_us, asked.now_us),
    )


def pressing_first(clients: Sequence[Client]) -> list[Client]:
    """Return those due first, the most pressing and longest due of them at the top."""

    def place(client: Client) -> tuple[bool, Due | tuple[()], int]:
        first = client.due[0] if client.due else ()
        return not client.due, first, -client.traits.monetary_micros

    return sorted(clients, key=place)

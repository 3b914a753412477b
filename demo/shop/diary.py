"""Writes down what happens to one person, visit by visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypedDict, Unpack

from demo.shop.model import Event, Identity


class Facts(TypedDict, total=False):
    """What may be said of an event beyond its type and time; named as in ``Event``."""

    order_id: str
    item_id: str
    offer_id: str
    placement: str
    quantity: int
    value_cents: int
    query: str
    page: str
    duration_s: int
    attributes: Mapping[str, object]


def nameless(person: str) -> str:
    """Return what is the same for the same person, and says to nobody who it is."""
    return blake2b(person.encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class Diary:
    """The events of one person, none at or after ``end_s``."""

    name: str
    """Begins the ids of events, visits and orders, which are kept as they are: see ``nameless``."""
    end_s: int
    events: list[Event] = field(default_factory=list)
    visits: int = 0

    def visit(self, at: int, channel: str, *identities: Identity, bare: bool = False) -> Visit:
        """Open a visit; a bare one, such as a mailing, has no session."""
        self.visits += 1
        session_id = "" if bare else f"{channel.lower()}-{self.name}-{self.visits}"
        return Visit(self, at, channel, identities, session_id)


@dataclass(slots=True)
class Visit:
    """One visit, call or mailing; ``at`` is its current second."""

    diary: Diary
    at: int
    channel: str
    identities: tuple[Identity, ...]
    session_id: str

    def note(self, kind: str, lasting_s: int = 1, **facts: Unpack[Facts]) -> None:
        """Write an event of this type now, then let the time pass that it takes, at least 1 s."""
        if self.at < self.diary.end_s:
            events = self.diary.events
            events.append(
                Event(
                    event_id=f"{self.diary.name}-{len(events) + 1}",
                    type=kind,
                    at=self.at,
                    identities=self.identities,
                    channel=self.channel,
                    session_id=self.session_id,
                    **facts,
                )
            )
        self.at += max(1, lasting_s)

"""The tables of profile in memory: what a transaction changes and a rollback brings back."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from services.profile.domain.audit import Note
from services.profile.domain.ports import Member, NewLink, Parked, Recorded
from services.profile.domain.relationships import Relationship
from services.profile.domain.state import State


@dataclass(slots=True)
class SeenIdentity:
    """An identity and where it leads."""

    kind: str
    value: str
    person_id: str
    verified: bool
    first_seen_us: int
    shared: bool = False


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One person."""

    group_id: str
    version: int
    seq: int
    freeing_seq: int
    state: State
    created_us: int
    name: str = ""


@dataclass(slots=True)
class Tables:
    """What a rollback brings back."""

    event_ids: dict[bytes, bytes] = field(default_factory=dict)
    identities: dict[bytes, SeenIdentity] = field(default_factory=dict)
    profiles: dict[str, StoredProfile] = field(default_factory=dict)
    fits: dict[bytes, set[str]] = field(default_factory=dict)
    links: dict[str, tuple[NewLink, int]] = field(default_factory=dict)
    """By id, with the time of each; also those undone."""
    undone: set[str] = field(default_factory=set)
    """Ids of links."""
    events: list[Recorded] = field(default_factory=list)
    """A position is the place in it, from 1 on."""
    pending: list[tuple[str, int]] = field(default_factory=list)
    """Import and position."""
    outdated: set[str] = field(default_factory=set)
    """Persons whose states an older version of the fold made."""
    parked: dict[int, Parked] = field(default_factory=dict)
    relationships: list[Relationship] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    """Of the audit trail."""

    def copied(self) -> Tables:
        """Return a copy that later changes do not reach."""
        return Tables(
            dict(self.event_ids),
            {key: replace(identity) for key, identity in self.identities.items()},
            dict(self.profiles),
            {key: set(persons) for key, persons in self.fits.items()},
            dict(self.links),
            set(self.undone),
            list(self.events),
            list(self.pending),
            set(self.outdated),
            dict(self.parked),
            list(self.relationships),
            list(self.notes),
        )

    def standing_links(self, person_ids: Sequence[str]) -> list[tuple[NewLink, int]]:
        """Return the links of any of the persons that were not undone."""
        return [
            (link, time_us)
            for link, time_us in self.links.values()
            if link.link_id not in self.undone
            and (link.person_id in person_ids or link.other_person_id in person_ids)
        ]


def members_of(tables: Tables, group_ids: set[str]) -> list[Member]:
    return [
        Member(
            person_id,
            row.group_id,
            row.version,
            row.seq,
            row.freeing_seq,
            Copied(row.state),
            sorted(
                {seen.kind for seen in tables.identities.values() if seen.person_id == person_id}
            ),
        )
        for person_id, row in sorted(tables.profiles.items())
        if row.group_id in group_ids
    ]


@dataclass(frozen=True, slots=True)
class Copied:
    """Reads a state without handing out the stored one."""

    state: State

    def __call__(self) -> State:
        return copy.deepcopy(self.state)


def customers_among(tables: Tables, person_ids: set[str]) -> frozenset[str]:
    return frozenset(
        each.person_id
        for each in tables.identities.values()
        if each.kind == "customer" and each.person_id in person_ids
    )

"""The streams and subjects of the event plane, as data."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

PARTITIONS = 8
"""As many as a service may have replicas; few, because events of one partition travel together."""
_HOUR_S = 3600
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Stream:
    """A durable log of the bus; what it loses after `max_age_s` is rebuilt from PostgreSQL."""

    name: str
    subjects: tuple[str, ...]
    max_age_s: int = 72 * _HOUR_S
    max_bytes: int = 256 * _MIB
    """The oldest are dropped above it; all streams together stay below an embedded server's."""


EVENTS = Stream("EVENTS", ("events.*",), max_bytes=1024 * _MIB)
IDENTITIES = Stream("IDENTITIES", ("identities.*",))
DECISIONS = Stream("DECISIONS", ("decisions.*",), max_bytes=1024 * _MIB)
CONTACTS = Stream("CONTACTS", ("contacts.*",))
CATALOGUE = Stream("CATALOGUE", ("catalogue.*",))
DEFINITIONS = Stream("DEFINITIONS", ("definitions.*",))
ERASURES = Stream("ERASURES", ("erasures.*",))
LEARNING = Stream("LEARNING", ("learning.*",))
MODELS = Stream("MODELS", ("models.*",), max_bytes=16 * _MIB)
JOURNEYS = Stream("JOURNEYS", ("journeys.*",))
CALLS = Stream("CALLS", ("calls.*",), max_bytes=16 * _MIB)
MEMBERSHIPS = Stream("MEMBERSHIPS", ("memberships.*",), max_bytes=128 * _MIB)
STREAMS = (
    EVENTS,
    IDENTITIES,
    DECISIONS,
    CONTACTS,
    CATALOGUE,
    DEFINITIONS,
    ERASURES,
    LEARNING,
    MODELS,
    JOURNEYS,
    CALLS,
    MEMBERSHIPS,
)

HISTORY_IMPORTED = "events.history_imported"
"""In EVENTS too, with a message of its own: readers of events look at the subject first."""
CATALOGUE_CHANGED = "catalogue.changed"
BUNDLE_MOVED = "definitions.bundle_moved"
LEARNING_GREW = "learning.grew"
RETRIEVAL_MODEL_MOVED = "models.retrieval"
RANKER_BOOSTER_MOVED = "models.ranker_booster"
CLOCK_MOVED = "clock.moved"
"""A notice, not stored in any stream: the offset in the database is what counts."""
OUTBOX_WRITTEN = "outbox.written."
"""Before a service's name; a notice to the replica that relays: the outbox is what counts."""


_TAKEN = {stream.subjects[0].partition(".")[0]: stream for stream in STREAMS}


def stream_of(subject: str) -> Stream | None:
    """Return the stream that keeps a subject, None if there is none."""
    root, _, leaf = subject.partition(".")
    return _TAKEN.get(root) if leaf and "." not in leaf else None


def partition(person_id: str) -> int:
    """Return the partition 0..7 of a person; the same on every machine for ever."""
    return zlib.crc32(person_id.encode()) % PARTITIONS


def events_of(person_id: str) -> str:
    return f"events.{partition(person_id)}"


def identities_of(person_id: str) -> str:
    return f"identities.{partition(person_id)}"


def decisions_of(person_id: str) -> str:
    return f"decisions.{partition(person_id)}"


def contacts_of(person_id: str) -> str:
    return f"contacts.{partition(person_id)}"


def erasures_of(person_id: str) -> str:
    return f"erasures.{partition(person_id)}"


def journeys_of(person_id: str) -> str:
    return f"journeys.{partition(person_id)}"


def calls_of(person_id: str) -> str:
    return f"calls.{partition(person_id)}"


def memberships_of(person_id: str) -> str:
    return f"memberships.{partition(person_id)}"

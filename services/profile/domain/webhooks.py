"""Webhooks: who outside of the house is told of which changes, how far, and what if they fail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol

from services.profile.domain.event import HOUR_US

ALL = "*"
PARK_AFTER_US = 24 * HOUR_US
"""A receiver that failed for so long is not tried again until somebody asks for it."""
LONGEST_PAUSE_S = 300.0
_FIRST_PAUSE_S = 0.1
_MOST_DOUBLINGS = 12
_MOST_ASKED_S = 3600.0
_GONE = 410


class Feed(Enum):
    """A log that is told from."""

    EVENTS = "events"
    MEMBERSHIPS = "memberships"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver as it is defined."""

    name: str
    url: str
    events: tuple[str, ...] = ()
    """Types; `*` alone: all of them."""
    segments: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    """Kinds that it knows people by."""

    def wants(self, feed: Feed) -> tuple[str, ...] | None:
        """Return the types or segments to look for, none meaning all; None: it is not told."""
        if feed is Feed.MEMBERSHIPS:
            return self.segments or None
        return () if ALL in self.events else self.events or None


class Change(NamedTuple):
    """Something that happened to a person, as it will be told."""

    cursor: str
    """Where to go on after it."""
    person_id: str
    type: str
    """`event.purchase`, `segment.entered`."""
    time_us: int
    told: Mapping[str, Any]
    """The fields of the message, by name; without a value of an identity."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The next changes of a log."""

    position: int
    """Everything up to it is among the changes, or is of no interest."""
    changes: Sequence[Change] = ()
    is_last: bool = True
    """There was nothing after it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a change is about, as the receiver may know them."""

    person_ids: tuple[str, ...]
    """The set, oldest first."""
    identities: tuple[tuple[str, str], ...] = ()
    """Kind and value of those that the receiver asked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a webhook is."""

    webhook: str
    generation: int
    """Rises whenever somebody has it go on from elsewhere."""
    events_position: int
    memberships_position: int
    delivered: int = 0
    left_out: int = 0
    failures: int = 0
    """In a row."""
    failing_since_us: int | None = None
    parked_us: int | None = None
    last_error: str = ""
    delivered_us: int | None = None

    def position(self, feed: Feed) -> int:
        return self.events_position if feed is Feed.EVENTS else self.memberships_position


class FailedError(Exception):
    """A receiver did not take a change; the text says why."""

    def __init__(self, reason: str, *, pause_s: float = 0.0, for_good: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause_s = pause_s
        """How long it asks to be left alone."""
        self.for_good = for_good
        """It will not take any, whenever it is asked."""


@dataclass(slots=True)
class Outcome:
    """What became of some changes."""

    delivered: int = 0
    left_out: int = 0
    failure: FailedError | None = None


class Log(Protocol):
    """What there is to tell, in the order in which it happened to each person."""

    async def end(self) -> int:
        """Return the position after which everything is new."""
        ...

    async def after(self, position: int, wanted: Sequence[str]) -> Slice:
        """Return the next few changes after a position; see `Webhook.wants`."""
        ...


class Subjects(Protocol):
    """Who agreed to sharing, at this moment."""

    async def agreeing(self, person_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the persons who agree."""
        ...

    async def subject(self, person_id: str, kinds: Sequence[str]) -> Subject | None:
        """Return whom to name, None if the person does not agree or is erased."""
        ...


class Disclosed(Protocol):
    """Where it is written down who was told of to whom."""

    async def note(self, webhook: str, person_ids: Sequence[str]) -> None:
        """Return once it is written down."""
        ...


class Leaving(Protocol):
    """Who has left since a receiver was told of them, and is to be deleted there."""

    async def look(self) -> bool:
        """Look for those who have left; says whether there is more to look at."""
        ...

    async def waiting(self, webhook: str) -> Sequence[Change]:
        """Return the next few that a receiver has to be told, oldest first."""
        ...

    async def forget(self, webhook: str, told: Sequence[Change]) -> None:
        """Forget those that a receiver was told of."""
        ...


class Places(Protocol):
    """How far webhooks are; survives everything but an erasure of the database."""

    async def open(self, webhook: str, ends: Mapping[Feed, int]) -> Place:
        """Return the place of a webhook; one never seen begins at the ends of the logs."""
        ...

    async def read(self, webhook: str) -> Place | None: ...

    async def advance(
        self, place: Place, feed: Feed, position: int, outcome: Outcome
    ) -> Place | None:
        """Note that everything up to a position is done; None if the place has been changed."""
        ...

    async def fail(self, place: Place, outcome: Outcome) -> Place | None:
        """Note a failure, and park when it has lasted too long; None as with `advance`."""
        ...

    async def go_on(self, webhook: str, wanted: Mapping[Feed, int]) -> Place | None:
        """Have a webhook go on, from other positions where any are wanted; None: there is none."""
        ...


def check_status(status: int, retry_after_s: float) -> None:
    """Raise FailedError unless a status says that a change was taken."""
    if 200 <= status < 300:
        return
    if status == _GONE:
        raise FailedError("answered 410: it wants no more", for_good=True)
    if 300 <= status < 400:
        raise FailedError(f"answered {status}: no redirect is followed, define where it leads")
    raise FailedError(f"answered {status}", pause_s=min(retry_after_s, _MOST_ASKED_S))


def pause_s(failures: int, asked_s: float, chance: float) -> float:
    """Return how long to leave a receiver alone that failed so often in a row, at least once.

    Doubles from a tenth of a second to five minutes, and is half of that to all of it by chance
    (0 to 1), so that many senders do not come back at one moment; never less than it asked for.
    """
    longest = min(_FIRST_PAUSE_S * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), LONGEST_PAUSE_S)
    return max(longest * (0.5 + chance / 2), asked_s)

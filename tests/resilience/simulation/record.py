"""What was seen from outside while journeys went their way; times are in microseconds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Seen:
    """A journey as it was after a commit."""

    commit: int
    """Its number: what one commit changes, changes at once."""
    at_us: int
    journey_id: str
    person_id: str
    scenario: str
    definition: bytes
    phase: str
    """QUIET, STAGE, PARKED, ENDED, or GONE: it was deleted."""
    stage: str
    occurrence: int
    started_us: int
    outcome: str
    dormant: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that a commit brought about: a task, or an errand."""

    at_us: int
    ref: str
    """The task or the errand."""
    journey_id: str
    person_id: str
    stage: str
    occurrence: int
    kind: str
    """task, message, attributes or note."""
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Carried:
    """A message that a carrier was asked to bring."""

    at_us: int
    errand_id: str
    person_id: str
    channel: str
    asked_us: int
    """When its process asked last whether it may."""
    arrived: bool
    """The person got it, this time."""


@dataclass(frozen=True, slots=True)
class Word:
    """What a person wants from a moment on."""

    at_us: int
    consents: frozenset[str]
    refusals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of a person as it was taken."""

    at_us: int
    taken_us: int
    person_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Held:
    """A task as it was after a commit."""

    at_us: int
    task_id: str
    person_id: str
    agent_id: str
    """Empty: nobody's."""
    until_us: int
    """How long it is theirs."""
    outcome: str
    again_us: int
    """When its person wants to be called again; 0: they did not say."""


@dataclass(slots=True)
class Record:
    """All of it, in the order in which it happened."""

    seen: list[Seen] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    carried: list[Carried] = field(default_factory=list)
    words: dict[str, list[Word]] = field(default_factory=dict)
    """By person."""
    happenings: list[Happening] = field(default_factory=list)
    sets: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    """Who was said to be one with whom, as far as journeys know it: from after which commit on."""
    linked: list[tuple[int, str, tuple[str, ...]]] = field(default_factory=list)
    """The same as profile knows it."""
    held: list[Held] = field(default_factory=list)
    logged: dict[str, str] = field(default_factory=dict)
    """Errands of which the person's log tells, with the person."""
    erased: dict[str, int] = field(default_factory=dict)
    """Persons, and when all that is kept of them was deleted."""
    left: dict[str, set[str]] = field(default_factory=dict)
    """Persons of whom something is kept at the end, by table."""
    open_errands: dict[str, str] = field(default_factory=dict)
    """Errands that nobody has ended at the end, with how far they are."""
    states: dict[str, str] = field(default_factory=dict)
    """How each errand is at the end."""
    defects: list[str] = field(default_factory=list)
    """Errors that only a fault of the code raises."""
    ended_us: int = 0
    began_us: int = 0

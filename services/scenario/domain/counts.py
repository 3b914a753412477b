"""What is counted of journeys for a report, as whoever keeps them counts it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

from services.scenario.domain.journey import Phase
from services.scenario.domain.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Counted:
    """What to count; times are business time in microseconds."""

    since_us: int
    """Journeys that began from then on, but for `Stands`, which is of all."""
    now_us: int
    scenario: str = ""
    """Only this one; empty: all."""
    overdue_us: int = 0
    """What was due before is overdue."""
    parked_us: int = 0
    """What was parked before is parked for too long."""
    endless_us: int = 0
    """What entered a stage before, and has no time at which anything would become of it, stands."""


@dataclass(frozen=True, slots=True, order=True)
class Stands:
    """Journeys under way, none at rest."""

    scenario: str
    stage: str
    """Empty: before the first."""
    phase: str
    """Name of a `Phase`."""
    obstacle: str
    number: int
    overdue: int
    """Not moved though it is long due, but for those parked for too long."""
    parked_long: int
    endless: int
    """In a stage for too long that no time ends."""
    again_us: int = 0
    """When the first of those parked is looked at again; 0: none is parked."""


@dataclass(frozen=True, slots=True, order=True)
class Flows:
    """Stages entered, by how they were left; neither stage nor outcome: still in it."""

    scenario: str
    stage: str
    to: str
    """The stage that was entered next."""
    outcome: str
    """Of the journey that ended with it."""
    answer: str
    """What they said, where that ended it."""
    ended_as: str
    number: int


@dataclass(frozen=True, slots=True, order=True)
class Visits:
    """Journeys that ever were in a stage, and the times of those that left it."""

    scenario: str
    stage: str
    entered: int
    journeys: int
    reached: int
    """Of the journeys, those whose person reached the goal in its time; see `Entry`."""
    left: int
    low_us: int
    median_us: int
    high_us: int
    """Time spent in it by those who left: a tenth took at most `low_us`, nine of ten at most
    `high_us`; 0 where nobody left."""


@dataclass(frozen=True, slots=True, order=True)
class Ends:
    """Journeys by what became of them; under way where there is no outcome."""

    scenario: str
    has_entered: bool
    """Its first stage."""
    outcome: str
    ended_as: str
    number: int


@dataclass(frozen=True, slots=True, order=True)
class Tasks:
    """Tasks that a stage gave, by outcome; empty: not over."""

    scenario: str
    stage: str
    outcome: str
    number: int


@dataclass(frozen=True, slots=True, order=True)
class Messages:
    """Messages, attributes and notes of a stage, by what became of them."""

    scenario: str
    stage: str
    kind: str
    state: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True, order=True)
class Met:
    """People by the first time that they met what it takes to enter, if that was since."""

    scenario: str
    held_out: bool
    people: int
    reached: int
    in_time: int
    """Without the goal so far, who still have time to reach it."""
    valued: int = 0
    """Of those who reached it, by an event that was worth something."""
    value_micros: int = 0
    """What those events were worth in all."""


@dataclass(frozen=True, slots=True, order=True)
class Failed:
    """Conditions that could not be evaluated, where no journey stands still for it."""

    scenario: str
    place: str
    """Where it stands: `exits[0].where`."""
    number: int
    """How often, since the day of the time that is counted from."""


@dataclass(frozen=True, slots=True, order=True)
class TakenUp:
    """Journeys of people who were quiet already, and how far the log was searched for them."""

    scenario: str
    looked_at: int
    """People of whom it was asked; who was met twice counts twice."""
    is_through: bool
    """The end of the log was reached."""
    number: int
    """Journeys that were begun for them."""
    waiting: int
    """Of these, those who wait for their turn before the first stage."""
    entered: int
    last_us: int = 0
    """When the last of those who wait is looked at; 0: nobody waits."""


@dataclass(frozen=True, slots=True)
class Counts:
    """All of it, each in order."""

    stands: tuple[Stands, ...] = ()
    flows: tuple[Flows, ...] = ()
    visits: tuple[Visits, ...] = ()
    ends: tuple[Ends, ...] = ()
    tasks: tuple[Tasks, ...] = ()
    messages: tuple[Messages, ...] = ()
    met: tuple[Met, ...] = ()
    failed: tuple[Failed, ...] = ()
    taken_up: tuple[TakenUp, ...] = ()

    def scenarios(self) -> set[str]:
        """Return the scenarios that anything was counted of."""
        return {row.scenario for each in fields(self) for row in getattr(self, each.name)}


class CountStore(Protocol):
    """Counts what it keeps of journeys."""

    async def counts(self, counted: Counted) -> Counts:
        """Return all counts as of one moment."""
        ...

    async def latest_edition(self, scenario: str) -> Scenario | None:
        """Return the edition that the latest journey of a scenario goes by, None without any."""
        ...


def phase_name(phase: Phase) -> str:
    """Return how a phase is called in counts."""
    return phase.name.lower()


def place_at(count: int, share: float) -> int:
    """Return the place, from 0, of a quantile among so many in order: the lowest that suffices."""
    return max(-(-int(count * round(share * 100)) // 100), 1) - 1

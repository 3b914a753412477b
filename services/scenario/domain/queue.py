"""The call centre's queue: who is there, what waits, how it went, and what can be promised."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.ports import CallDay
from services.scenario.domain.task_kinds import kind_of

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
LATELY_US = 7 * 24 * HOUR_US
"""What is measured is measured over so long."""
USUAL_TASK_US = 5 * MINUTE_US
"""How long a task takes until it was measured."""
FEWEST_TRIED = 20
"""Of fewer nothing is measured."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An agent with how many tasks they hold."""

    agent: Agent
    held: int
    changed_us: int
    """When they last said how they are."""
    is_here: bool = True
    """Whether they were heard of lately."""

    @property
    def presence(self) -> Presence:
        """How they are; away where they said something else and went."""
        return self.agent.presence if self.is_here else Presence.AWAY

    @property
    def is_available(self) -> bool:
        return self.presence is Presence.AVAILABLE

    @property
    def free(self) -> int:
        """How many more they take now."""
        return max(self.agent.capacity - self.held, 0) if self.is_available else 0


@dataclass(frozen=True, slots=True)
class Line:
    """The open tasks of a kind that ask for the same skills."""

    kind: str
    skills: tuple[str, ...]
    waiting: int = 0
    """Due, and nobody's."""
    oldest_us: int = 0
    """Since when the one waits that is due longest; 0: none does."""
    claimed: int = 0
    snoozed: int = 0
    """Put off by an agent."""
    later: int = 0
    """To be tried again later, or put off by the contact limit."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One time that a task was done."""

    kind: str
    agent_id: str
    outcome: str
    due_us: int
    claimed_us: int
    ended_us: int


@dataclass(frozen=True, slots=True)
class RungBack:
    """Tasks that who connects an agent was to be told of, by what became of that."""

    kind: str
    """Of the tasks."""
    state: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True)
class Queue:
    """All of it at one moment."""

    now_us: int
    seats: Sequence[Seat] = ()
    lines: Sequence[Line] = ()
    tried: Sequence[Tried] = ()
    """Lately, latest first."""
    made_on: str = ""
    """The day that journeys made tasks on last, `2026-11-23`."""
    made: int = 0
    """How many they made on it, those left out that were asked for."""

    def made_in(self, day: str) -> int:
        """Return how many tasks journeys made on a day that is not over."""
        return self.made if self.made_on == day else 0


@dataclass(frozen=True, slots=True)
class Load:
    """What agents have to do of a day for journeys, left out what people asked for."""

    tried: int = 0
    """Times that a task was done since the day began."""
    open: int = 0
    """Tasks that are due, held, or to be tried again before it ends."""

    @property
    def all(self) -> int:
        """What counts against how many agents can do in a day."""
        return self.tried + self.open


class QueueStore(Protocol):
    """Reads the queue."""

    async def standing(self, now_us: int) -> Queue:
        """Return the queue now, without how it went before."""
        ...

    async def tried(self, since_us: int, limit: int) -> Sequence[Tried]:
        """Return what was done after a time, latest first."""
        ...

    async def overdue(self, kind: str, before_us: int, now_us: int) -> int:
        """Return how many tasks of a kind were due before a time, and were not taken yet."""
        ...

    async def load(self, day: CallDay) -> Load:
        """Return what decides whether there is room for one more task of a day."""
        ...

    async def rung_back(self, since_us: int) -> Sequence[RungBack]:
        """Return what became of telling of tasks that were asked for after a time."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What is promised of a kind of task that people ask for, and who gives it."""

    kind: str
    promised_us: int
    """Within so long somebody takes it."""
    skills: frozenset[str] = frozenset()
    of_tasks: frozenset[frozenset[str]] = frozenset()
    """Skills that the tasks ask for, of each that there may be; empty: none asks for any."""


def median_us(spans: Iterable[int]) -> int:
    """Return the middle one of some spans, 0 where there is none."""
    found = [max(span, 0) for span in spans]
    return round(median(found)) if found else 0


def are_there(seats: Iterable[Seat], skills: Collection[str]) -> bool:
    """Say whether somebody who has these skills is there and takes tasks."""
    return any(seat.is_available and set(skills) <= set(seat.agent.skills) for seat in seats)


def work_lately(queue: Queue, skills: Collection[str]) -> bool:
    """Say whether somebody who has these skills said within seven days how they are."""
    since_us = queue.now_us - LATELY_US
    return any(
        seat.changed_us >= since_us and set(skills) <= set(seat.agent.skills)
        for seat in queue.seats
    )


def takers(queue: Queue, terms: Terms) -> int:
    """Return how many more who ask now would be taken within the promised time; 0: nobody.

    Whichever of its tasks they may come to: it is promised by those who are fewest.
    """
    wanted = [terms.skills | each for each in terms.of_tasks] or [terms.skills]
    return min(_takers(queue, terms, skills) for skills in wanted)


def _takers(queue: Queue, terms: Terms, skills: frozenset[str]) -> int:
    """Return how many more those with the skills would take in time.

    Whoever is free and not waited for takes one at once. Beyond them the wait is until enough of
    those who are there have ended what they do, each a task in the time that was measured.
    """
    able = [each for each in queue.seats if skills <= set(each.agent.skills)]
    ahead = sum(line.waiting for line in queue.lines if _goes_first(line, terms.kind, able))
    free = sum(seat.free for seat in able)
    if free > ahead:
        return free - ahead
    at_work = sum(seat.agent.capacity for seat in able if seat.is_available)
    if not at_work:
        return 0
    rounds = math.ceil((ahead - free + 1) / at_work)
    return 1 if rounds * task_us(queue) <= terms.promised_us else 0


def _goes_first(line: Line, kind: str, able: Collection[Seat]) -> bool:
    """Say whether what waits is done before another of a kind, by any of those who are able."""
    if kind_of(line.kind).precedence < kind_of(kind).precedence:
        return False
    return any(set(line.skills) <= set(seat.agent.skills) for seat in able)


def task_us(queue: Queue) -> int:
    """Return how long a task takes, measured where enough were done lately."""
    if len(queue.tried) < FEWEST_TRIED:
        return USUAL_TASK_US
    return median_us(each.ended_us - each.claimed_us for each in queue.tried)


def kept_promises(tried: Collection[Tried], terms: Terms) -> tuple[int, int]:
    """Return how many who asked for it were taken in time, and how many there were."""
    asked = [each for each in tried if each.kind == terms.kind]
    kept = sum(each.claimed_us - each.due_us <= terms.promised_us for each in asked)
    return kept, len(asked)

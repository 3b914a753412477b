"""The call centre's tasks, and what keeps them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.scenario.domain.agents import Agent
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.ports import JourneyTransaction
from services.scenario.domain.task_kinds import TaskKind, kind_of

HOLD_US = 15 * 60_000_000
"""How long a task is held after it was claimed, in business time."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task; times are business time in microseconds, 0 where there is none."""

    task_id: str
    journey_id: str
    person_id: str
    kind: str
    due_us: int
    expires_us: int = 0
    person_ids: tuple[str, ...] = ()
    """The set of the person, as it is now."""
    rests: bool = False
    """As its journey does: the same set of persons is on an older one."""
    reason: str = ""
    script: str = ""
    offer_ids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    priority: int = 0
    agent_id: str = ""
    claimed_until_us: int = 0
    claims: int = 0
    """How often it was taken; one that came free again is told again."""
    outcome: str = ""
    ended_by: str = ""
    """The agent who said last what came of it; empty: nobody did."""
    latest: str = ""
    """What came of it last: an outcome, `snoozed` or `put_off`; empty: nothing yet."""
    tries: int = 0
    """How often somebody did it, and said what came of it."""
    time_zone: str = ""
    """Of its person; empty: UTC."""
    passed_over: tuple[PassedOver, ...] = ()
    """The channels that it went before, of a call that might have been a message."""

    @property
    def of_kind(self) -> TaskKind:
        """What holds for its kind."""
        return kind_of(self.kind)

    @property
    def contact_id(self) -> str:
        """What the call counts as; anew each time the task is taken."""
        return f"{self.task_id}:{self.claims}"

    @property
    def taken_us(self) -> int:
        """When it was taken by who holds it."""
        return self.claimed_until_us - HOLD_US

    def is_held(self, now_us: int) -> bool:
        return bool(self.agent_id) and now_us < self.claimed_until_us

    def is_put_off(self, now_us: int) -> bool:
        """Whether it waits for a later time, and nobody holds it."""
        return not (self.outcome or self.is_held(now_us)) and self.due_us > now_us

    def is_over(self, now_us: int) -> bool:
        return bool(self.outcome) or 0 < self.expires_us <= now_us


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a task was taken and done, whatever came of it."""

    task_id: str
    number: int
    agent_id: str
    outcome: str
    due_us: int
    claimed_us: int
    ended_us: int
    note: str = ""
    """What its agent noted; personal."""

    @classmethod
    def of(cls, task: Task, outcome: str, now_us: int, note: str = "") -> Attempt:
        """Return how a task that is held ended now."""
        taken_us = task.taken_us
        return cls(
            task.task_id, task.claims, task.agent_id, outcome, task.due_us, taken_us, now_us, note
        )


class TaskTransaction(JourneyTransaction, Protocol):
    """Tasks beside the journeys that gave them, within one transaction."""

    async def agent(self, agent_id: str) -> Agent | None:
        """Return an agent, locked."""
        ...

    async def held_by(self, agent_id: str, now_us: int) -> int:
        """Return how many tasks an agent holds."""
        ...

    async def find_task(self, task_id: str, *, lock: bool) -> Task | None: ...

    async def next_task(self, skills: Collection[str], now_us: int) -> Task | None:
        """Return the first task that is due, free, at no rest and asks for no other skills; locked.

        Those that were asked for come first by their kind, then by priority, and those that are
        due longest.
        One that is being taken by somebody else right now is passed over.
        """
        ...

    async def save_task(self, task: Task) -> None:
        """Write who holds a task, when it is due and how it ended."""
        ...

    async def add_attempt(self, attempt: Attempt, person_id: str) -> None:
        """Keep how one try of a task of a person went; a note is encrypted under their key."""
        ...

    async def tell_of_call(self, task: Task, now_us: int) -> None:
        """Tell the ledger of contacts that the call of a task was made."""
        ...


class TaskStore(Protocol):
    """Keeps tasks."""

    def transaction(self) -> AbstractAsyncContextManager[TaskTransaction]:
        """Lend a transaction, committed at the end of the block."""
        ...

    async def waiting(self, skills: Collection[str], now_us: int, limit: int) -> Sequence[Task]:
        """Return tasks that `next_task` would, first to be done first."""
        ...

    async def held_tasks(self, agent_id: str, now_us: int) -> Sequence[Task]:
        """Return the tasks that an agent holds, first taken first."""
        ...

    async def held(self, agent_id: str, now_us: int) -> int:
        """Return how many tasks an agent holds."""
        ...

    async def noted(self, person_ids: Sequence[str], limit: int) -> Sequence[Attempt]:
        """Return tries of tasks of persons of which something was noted, latest first."""
        ...

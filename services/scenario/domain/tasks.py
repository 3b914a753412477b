"""The call centre's tasks: who may take one, put it off and end it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.endings import end
from services.scenario.domain.journey import Outcome
from services.scenario.domain.outcomes import LATEST_AGAIN_US, PUT_OFF, SNOOZED
from services.scenario.domain.ports import JourneyTransaction
from services.scenario.domain.steps import Steps, go
from services.scenario.domain.task_kinds import TaskKind, kind_of
from shared.errors import (
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)

HOLD_US = 15 * 60_000_000
"""How long a task is held after it was claimed, in business time."""
WITHDRAWN = "withdrawn"
"""The person refuses to be called, or was erased."""


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


async def claim(transaction: TaskTransaction, agent_id: str, task_id: str, now_us: int) -> Task:
    """Give a task to an agent, the next that fits where none is named; at most one gets it."""
    agent = signed_on(await transaction.agent(agent_id))
    if task_id:
        task = known(await transaction.find_task(task_id, lock=True))
        if task.is_held(now_us) and task.agent_id == agent_id and not task.is_over(now_us):
            return task
        _refuse_claim(task, agent, now_us)
    held = await transaction.held_by(agent_id, now_us)
    if held >= agent.capacity:
        raise FailedPrecondition(
            f"the agent holds {held} tasks, which is all they take at a time",
            reason="AGENT_AT_CAPACITY",
        )
    if not task_id:
        found = await transaction.next_task(agent.skills, now_us)
        if found is None:
            raise NotFound("no task waits for this agent", reason="NO_TASK")
        task = found
    taken = replace(
        task, agent_id=agent_id, claimed_until_us=now_us + HOLD_US, claims=task.claims + 1
    )
    await transaction.save_task(taken)
    return taken


async def snooze(
    transaction: TaskTransaction, agent_id: str, task_id: str, until_us: int, now_us: int
) -> Task:
    """Put a task off; it is nobody's until then."""
    if until_us > now_us + LATEST_AGAIN_US:
        told = "must be a time within the next 30 days"
        raise InvalidArgument([FieldViolation("until_time", told)])
    task = known(await transaction.find_task(task_id, lock=True))
    refuse_change(task, agent_id, now_us)
    if task.expires_us and until_us >= task.expires_us:
        raise FailedPrecondition(
            "by then the task would no longer be worth doing", reason="TASK_EXPIRES_BEFORE"
        )
    return await _put_off(transaction, task, max(until_us, now_us), SNOOZED)


async def give_back(transaction: TaskTransaction, taken: Task, until_us: int) -> None:
    """Put a task off that was taken and may not be done yet; one that is done by now stays so."""
    task = await transaction.find_task(taken.task_id, lock=True)
    if task is not None and _is_still(task, taken):
        await _put_off(transaction, task, until_us, PUT_OFF)


async def withdraw(transaction: TaskTransaction, taken: Task, now_us: int) -> None:
    """End a task that was taken and may never be done, and its journey with it."""
    group = (await transaction.sets_of([taken.person_id])).get(taken.person_id, ())
    steps = Steps(await transaction.open_of(group))
    task = await transaction.find_task(taken.task_id, lock=True)
    if task is None or task.outcome or task.claims != taken.claims:
        return
    await transaction.save_task(replace(task, outcome=WITHDRAWN, claimed_until_us=0))
    for journey in steps.of(group):
        if journey.journey_id == task.journey_id:
            go(steps, group, end(journey, Outcome.OBSTRUCTED, now_us), now_us)
    if steps.transitions:
        await transaction.save(steps.transitions)


async def undo_claim(transaction: TaskTransaction, taken: Task) -> None:
    """Leave a task as it was before it was taken; one that is another's or done by now stays so."""
    task = await transaction.find_task(taken.task_id, lock=True)
    if task is not None and _is_still(task, taken):
        free = replace(task, agent_id="", claimed_until_us=0, claims=task.claims - 1)
        await transaction.save_task(free)


def _is_still(task: Task, taken: Task) -> bool:
    """Say whether a task is as it was taken: nobody else's, and not done meanwhile."""
    return task.claims == taken.claims and task.agent_id == taken.agent_id and not task.outcome


async def _put_off(transaction: TaskTransaction, task: Task, until_us: int, why: str) -> Task:
    put_off = replace(task, agent_id="", claimed_until_us=0, due_us=until_us, latest=why)
    await transaction.save_task(put_off)
    return put_off


def signed_on(agent: Agent | None) -> Agent:
    """Return the agent; `FailedPrecondition` while they are away."""
    if agent is None or agent.presence is Presence.AWAY:
        raise FailedPrecondition(
            "the agent is not signed on; call SetAgentStatus first",
            reason="AGENT_NOT_SIGNED_ON",
        )
    return agent


def known(task: Task | None) -> Task:
    """Return a task that was found; `NotFound` where none was."""
    if task is None:
        raise NotFound("there is no such task", reason="NO_SUCH_TASK")
    return task


def _refuse_over(task: Task, now_us: int) -> None:
    if task.outcome:
        raise FailedPrecondition(f"the task has ended as {task.outcome}", reason="TASK_ENDED")
    if task.is_over(now_us):
        raise FailedPrecondition("the task is no longer worth doing", reason="TASK_EXPIRED")


def _refuse_claim(task: Task, agent: Agent, now_us: int) -> None:
    _refuse_over(task, now_us)
    if task.is_held(now_us):
        raise FailedPrecondition("another agent holds the task", reason="TASK_HELD")
    if task.rests:
        raise FailedPrecondition(
            "the person is on an older journey of the same scenario", reason="TASK_RESTS"
        )
    if task.due_us > now_us:
        raise FailedPrecondition("the task is not due yet", reason="TASK_NOT_DUE")
    missing = sorted(set(task.skills) - set(agent.skills))
    if missing:
        raise FailedPrecondition(
            f"the task asks for skills that the agent has not: {', '.join(missing)}",
            reason="SKILL_MISSING",
        )


def refuse_change(task: Task, agent_id: str, now_us: int) -> None:
    """Let only its holder change a task; one whose time ran out may, while nobody else took it."""
    _refuse_over(task, now_us)
    if not task.agent_id:
        raise FailedPrecondition(
            "nobody holds the task; call ClaimTask first", reason="TASK_NOT_HELD"
        )
    if task.agent_id != agent_id:
        raise PermissionDenied("another agent holds the task", reason="TASK_HELD_BY_OTHER")

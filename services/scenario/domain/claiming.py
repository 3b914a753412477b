"""Who may take a task of the call centre, put it off and give it back."""

from __future__ import annotations

from dataclasses import replace

from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.endings import end
from services.scenario.domain.journey import Outcome
from services.scenario.domain.outcomes import LATEST_AGAIN_US, PUT_OFF, SNOOZED
from services.scenario.domain.steps import Steps, go
from services.scenario.domain.tasks import HOLD_US, Task, TaskTransaction
from shared.errors import (
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
)

WITHDRAWN = "withdrawn"
"""The person refuses to be called, or was erased."""


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

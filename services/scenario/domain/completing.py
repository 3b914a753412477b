"""How a task ends, or waits for another try: what its agent says, brought to its journey."""

from __future__ import annotations

from dataclasses import dataclass, replace

from services.scenario.domain.answering import answered
from services.scenario.domain.claiming import known, refuse_change
from services.scenario.domain.journey import Journey
from services.scenario.domain.outcomes import (
    CALL_AGAIN,
    LATEST_AGAIN_US,
    Next,
    Said,
    again_us,
    course_of,
)
from services.scenario.domain.stages import Stage
from services.scenario.domain.steps import Steps, go
from services.scenario.domain.tasks import Attempt, Task, TaskTransaction
from shared.errors import FailedPrecondition, FieldViolation, InvalidArgument


@dataclass(frozen=True, slots=True)
class Completion:
    """How an agent says that a task ended."""

    task_id: str
    agent_id: str
    outcome: str
    note: str = ""
    again_us: int = 0
    """When they are to be called again, of `call_again` only."""
    offer_ids: tuple[str, ...] = ()
    """The offers that it is about; empty: see `_own_offers`."""
    decision_id: str = ""


async def complete(transaction: TaskTransaction, completion: Completion, now_us: int) -> Task:
    """End a task, or put it off to be tried again, and bring its outcome to its journey.

    The same said twice changes nothing.
    """
    _refuse_time(completion, now_us)
    task_id = completion.task_id
    seen = known(await transaction.find_task(task_id, lock=False))
    # The journeys are locked before the task, as everywhere.
    group = (await transaction.sets_of([seen.person_id])).get(seen.person_id, ())
    steps = Steps(await transaction.open_of(group))
    task = known(await transaction.find_task(task_id, lock=True))
    if _is_said(task, completion):
        return task
    refuse_change(task, completion.agent_id, now_us)
    of_task = [each for each in steps.of(group) if each.journey_id == task.journey_id]
    said = _said(task, completion, of_task[0] if of_task else None, now_us)
    ended = _afterwards(task, completion, said)
    await transaction.save_task(ended)
    attempt = Attempt.of(task, completion.outcome, now_us, completion.note)
    await transaction.add_attempt(attempt, task.person_id)
    if course_of(task.kind, completion.outcome).was_approached and task.of_kind.is_approach:
        await transaction.tell_of_call(task, now_us)
    for journey in of_task:
        go(steps, group, answered(journey, said, now_us), now_us)
    if steps.transitions:
        await transaction.save(steps.transitions)
    return ended


def _said(task: Task, completion: Completion, journey: Journey | None, now_us: int) -> Said:
    """Return what the outcome means to the journey: also when the call is tried again."""
    outcome = completion.outcome
    foreign = sorted(set(completion.offer_ids) - set(task.offer_ids))
    if foreign:
        told = f"names offers that are not of the task: {', '.join(foreign)}"
        raise InvalidArgument([FieldViolation("offer_ids", told)])
    later_us = completion.again_us
    stage = journey.current if journey is not None else None
    is_named = stage is not None and outcome in stage.answers
    is_tried = course_of(task.kind, outcome).next is Next.AGAIN
    if is_tried and outcome != CALL_AGAIN and not is_named:
        later_us = again_us(outcome, task.tries, now_us, task.time_zone)
        if 0 < task.expires_us <= later_us:
            later_us = 0
    offer_ids = completion.offer_ids or _own_offers(task, stage)
    return Said(outcome, later_us, is_named, offer_ids, completion.decision_id)


def _own_offers(task: Task, stage: Stage | None) -> tuple[str, ...]:
    """Return what an answer is about where its agent does not say: all that the task is to offer.

    Of what somebody asked for that is what its stage names. Whatever else was shown beside the
    offer that they took up is there to talk about, and a word about none of it in particular is no
    answer to it.
    """
    if not task.of_kind.was_asked_for:
        return task.offer_ids
    order = stage.task if stage is not None else None
    named = order.offer_ids if order is not None else ()
    return tuple(each for each in task.offer_ids if each in named)


def _afterwards(task: Task, completion: Completion, said: Said) -> Task:
    """Return the task at its end, or free until it is tried again."""
    told = replace(
        task,
        ended_by=completion.agent_id,
        latest=completion.outcome,
        claimed_until_us=0,
        tries=task.tries + 1,
    )
    if not said.is_tried_again:
        return replace(told, outcome=completion.outcome)
    expires_us = task.expires_us
    if completion.outcome == CALL_AGAIN and expires_us:
        expires_us = max(expires_us, said.ends_us)
    return replace(told, agent_id="", due_us=said.again_us, expires_us=expires_us)


def _is_said(task: Task, completion: Completion) -> bool:
    """Say whether the agent said so before; `FailedPrecondition` where they said another word."""
    if task.ended_by != completion.agent_id or task.claimed_until_us:
        return False
    if task.latest == completion.outcome:
        return True
    if task.outcome:
        raise FailedPrecondition(
            f"the task has ended as {task.outcome} already", reason="TASK_ENDED"
        )
    return False


def _refuse_time(completion: Completion, now_us: int) -> None:
    if completion.outcome != CALL_AGAIN:
        return
    ahead_us = completion.again_us - now_us
    if not 0 < ahead_us <= LATEST_AGAIN_US:
        told = "must be a time within the next 30 days"
        raise InvalidArgument([FieldViolation("again_time", told)])

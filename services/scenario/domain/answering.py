"""What the outcome of a task does to its journey."""

from __future__ import annotations

from dataclasses import replace

from services.scenario.domain.effects import DECISION, Due, TellAnswer
from services.scenario.domain.endings import end
from services.scenario.domain.journey import NOWHERE, ONWARDS, Journey, Outcome
from services.scenario.domain.outcomes import CALL_AGAIN, Next, Said, course_of
from services.scenario.domain.passage import has_task, led, own_key
from services.scenario.domain.stages import Leads
from services.scenario.domain.task_kinds import TaskKind, kind_of
from services.scenario.domain.transition import Transition


def answered(journey: Journey, said: Said, now_us: int) -> Transition | None:
    """Return what the outcome of its task does to a journey, None when the task is not its stage's.

    It leads where the stage says, and where the stage does not name it, as `COURSES` says. What
    the person said to offers is brought to their log.
    """
    if journey.is_over or not has_task(journey):
        return None
    transition = _after_task(replace(journey, answer=said.outcome), said, now_us)
    told = _told(journey, said, now_us)
    if told is not None:
        due = Due(told, journey.stage, journey.occurrence)
        transition = replace(transition, effects=(*transition.effects, due))
    return transition


def _after_task(journey: Journey, said: Said, now_us: int) -> Transition:
    stage, kind = journey.current, _kind(journey)
    assert stage is not None, "whoever has a task is in a stage"
    if said.outcome in stage.answers:
        return led(journey, stage.answers[said.outcome], now_us, said.again_us)
    if said.is_tried_again:
        return _called_again(journey, said)
    course = course_of(kind.name, said.outcome)
    if course.next in (Next.LEADS_ON, Next.AGAIN):
        return led(journey, Leads(ONWARDS), now_us)
    outcome = Outcome.REACHED if course.next is Next.GOAL else Outcome.ANSWERED
    return end(journey, outcome, now_us)


def _called_again(journey: Journey, said: Said) -> Transition:
    """Return the journey in its stage; who names a time is still on it a day after that."""
    waits = replace(journey, version=journey.version + 1)
    ends_us = said.ends_us
    if said.outcome == CALL_AGAIN and 0 < journey.until_us < ends_us:
        due_us = ends_us if journey.next_stage == NOWHERE else journey.due_us
        waits = replace(waits, until_us=ends_us, due_us=due_us)
    return Transition(waits, is_visible=waits.until_us != journey.until_us)


def _told(journey: Journey, said: Said, now_us: int) -> TellAnswer | None:
    kind = _kind(journey)
    event_type = course_of(kind.name, said.outcome).tells
    if not event_type or not (said.offer_ids or event_type == "consent"):
        return None
    key = f"{own_key(journey)}{journey.occurrence}"
    decision_id = said.decision_id or _decision_id(journey)
    return TellAnswer(event_type, said.offer_ids, now_us, key, decision_id, kind.channel)


def _decision_id(journey: Journey) -> str:
    """Return the decision that what was asked for goes on from: its agent had no other to name."""
    return str(journey.began.get(DECISION, "")) if _kind(journey).was_asked_for else ""


def _kind(journey: Journey) -> TaskKind:
    stage = journey.current
    task = stage.task if stage is not None else None
    assert task is not None, "its stage has a task"
    return kind_of(task.kind)

"""How many journeys and tasks there may be: whose limits count, and who waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.scenario.domain.actions import TaskOrder
from services.scenario.domain.effects import GiveTask
from services.scenario.domain.facts import Facts
from services.scenario.domain.journey import Journey
from services.scenario.domain.moments import day_of
from services.scenario.domain.passage import look, needs_situation
from services.scenario.domain.ports import CALLS, CallDay, Claim, JourneyTransaction
from services.scenario.domain.scenario import Limits, Scenario
from services.scenario.domain.transition import Transition
from services.scenario.domain.walking import works_today

NO_LIMITS = Limits()


async def lock_rooms(transaction: JourneyTransaction, found: Sequence[tuple[Claim, Facts]]) -> None:
    """Lock the rooms that claimed journeys may enter in one order, so nobody waits in a ring."""
    limited = {
        claim.journey.scenario.name: facts.today
        for claim, facts in found
        if needs_situation(claim.journey) and limits_of(claim.journey.scenario, facts) != NO_LIMITS
    }
    for claim, facts in found:
        if facts.calls_per_day and _may_call(claim.journey.scenario):
            limited[CALLS] = facts.today
    if len(limited) > 1:  # a single one is locked by who enters it
        await transaction.lock_rooms(sorted(limited), max(limited.values()))


def limits_of(scenario: Scenario, facts: Facts) -> Limits:
    """Return the limits that count: those of the edition that a journey goes on by."""
    return scenario.limits if facts.newer is None else facts.newer.limits


async def looked(
    transaction: JourneyTransaction, journey: Journey, facts: Facts, now_us: int
) -> Transition | None:
    """Look at a journey; one that would give a task too many today waits instead."""
    transition = look(journey, facts, now_us)
    order = given(transition) if facts.calls_per_day else None
    if order is None:
        return transition
    # Who waits to hear of us waits for nobody's calls: that they are served is counted alone.
    most = facts.calls_per_day if order.is_approach else 0
    day = CallDay(facts.today, now_us, *day_of(now_us, facts.home_zone), most)
    is_off = order.is_approach and not works_today(facts)
    if not is_off and await transaction.take_call(day):
        return transition
    return look(journey, replace(facts, may_call=False), now_us)


async def give_back(
    transaction: JourneyTransaction, transition: Transition | None, facts: Facts
) -> None:
    """Give back the room of a task that is not given after all."""
    if facts.calls_per_day and given(transition) is not None:
        await transaction.leave_room(CALLS)


def given(transition: Transition | None) -> TaskOrder | None:
    """Return the task that a step gives agents and nobody asked for, None where it gives none."""
    if transition is None or transition.journey.scenario.is_shadow:
        return None
    given = (due.effect for due in transition.effects if isinstance(due.effect, GiveTask))
    return next((each.order for each in given if not each.was_asked_for), None)


def _may_call(scenario: Scenario) -> bool:
    tasks = (stage.task for stage in scenario.stages)
    return any(task is not None and not task.was_asked_for for task in tasks)

"""How many journeys and tasks there may be: whose limits count, and who waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from services.scenario.domain.journey import Facts, GiveTask, Journey, Transition
from services.scenario.domain.passage import look, needs_situation
from services.scenario.domain.ports import CALLS, Claim, JourneyTransaction
from services.scenario.domain.scenario import Limits, Scenario

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
    if not (facts.calls_per_day and gives_call(transition)):
        return transition
    limits = Limits(per_day=facts.calls_per_day)
    if await transaction.take_room(CALLS, limits, facts.today):
        return transition
    return look(journey, replace(facts, may_call=False), now_us)


async def give_back(
    transaction: JourneyTransaction, transition: Transition | None, facts: Facts
) -> None:
    """Give back the room of a task that is not given after all."""
    if facts.calls_per_day and gives_call(transition):
        await transaction.leave_room(CALLS)


def gives_call(transition: Transition | None) -> bool:
    """Say whether a step gives agents a task that nobody asked for."""
    if transition is None or transition.journey.scenario.is_shadow:
        return False
    effects = (due.effect for due in transition.effects)
    return any(isinstance(each, GiveTask) and not each.was_asked_for for each in effects)


def _may_call(scenario: Scenario) -> bool:
    tasks = (stage.task for stage in scenario.stages)
    return any(task is not None and not task.was_asked_for for task in tasks)

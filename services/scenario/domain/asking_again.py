"""Who asks again for what they asked for, while we would come back to them later."""

from __future__ import annotations

from collections.abc import Sequence

from services.scenario.domain.endings import end
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import NOWHERE, Journey, Outcome, Phase
from services.scenario.domain.passage import has_task
from services.scenario.domain.ports import JourneyTransaction
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.transition import Transition

ASKED_AGAIN = "asked_again"
"""How such a journey ended: another has begun in its place."""


async def given_up(
    transaction: JourneyTransaction,
    scenario: Scenario,
    event: Happened,
    journeys: Sequence[Journey],
    now_us: int,
) -> Transition | None:
    """Return the end of the journey on which somebody waits for a later try of what they ask for.

    `journeys` are those of their set. None where there is none, or its task waits in the queue, or
    is held: asking twice brings nobody there sooner. Nor where anything but their asking says
    whether another begins.
    """
    matter = scenario.name, scenario.subject_of(event.offer_no)
    standing = [each for each in journeys if each.matter == matter and not each.dormant]
    if not (standing and scenario.may_be_asked_for_again):
        return None
    tasks = [each.journey_id for each in standing if _may_be_put_off(each)]
    put_off = await transaction.put_off_tasks(tasks, now_us) if tasks else ()
    for journey in standing:
        if journey.journey_id in put_off or _is_led_to_one_later(journey, now_us):
            return end(journey, Outcome.LEFT, now_us, ASKED_AGAIN)
    return None


def _may_be_put_off(journey: Journey) -> bool:
    """Say whether it gave a task that was asked for, and nothing has led it elsewhere."""
    stage = journey.current
    if journey.next_stage != NOWHERE or not has_task(journey):
        return False
    return stage is not None and stage.task is not None and stage.task.was_asked_for


def _is_led_to_one_later(journey: Journey, now_us: int) -> bool:
    """Say whether it gives such a task at a time that was named, and not before."""
    if journey.phase is not Phase.STAGE or journey.next_stage < 0 or journey.due_us <= now_us:
        return False
    task = journey.scenario.stages[journey.next_stage].task
    return task is not None and task.was_asked_for

"""What comes in, brought to the journeys of whole sets of persons within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from services.scenario.domain.asking_again import given_up
from services.scenario.domain.endings import end, rest
from services.scenario.domain.entries import note_goals
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.journey import Journey, Outcome
from services.scenario.domain.passage import (
    MESSAGE_SENT,
    begin,
    count_sent,
    happened,
    needs_situation,
)
from services.scenario.domain.ports import Claim, JourneyTransaction, PersonSet
from services.scenario.domain.quiet_already import may_wait_for_room, room_for, wait_for_room
from services.scenario.domain.rooms import NO_LIMITS, give_back, limits_of, lock_rooms, looked
from services.scenario.domain.starting import (
    StartingOf,
    begun_by,
    came_often,
    is_mark,
    may_start,
    occasions_before,
    tallies_of,
)
from services.scenario.domain.steps import Steps, go, has_older
from services.scenario.domain.transition import Transition
from shared.replacing import replace

NewId = Callable[[int], str]
"""Makes an id of a moment in business time."""


async def take_events(
    transaction: JourneyTransaction,
    events: Sequence[Happened],
    starting_of: StartingOf,
    now_us: int,
    new_id: NewId,
) -> list[Transition]:
    """Bring live events, in order, to the journeys of their persons; some begin new ones."""
    groups = await transaction.sets_of({event.person_id for event in events})
    events = [event for event in events if event.person_id in groups]
    scenarios = {person_id: starting_of(group) for person_id, group in groups.items()}
    members = {person_id for group in groups.values() for person_id in group}
    steps = Steps(await transaction.open_of(members))
    marks = [event for event in events if is_mark(event, scenarios[event.person_id])]
    if marks:
        await transaction.mark(marks)
        await note_goals(transaction, marks, groups)
    heard = [begun_by(event, scenarios[event.person_id]) for event in events]
    counted = tallies_of(events, heard)
    if counted:
        await transaction.tally(counted)
    begins = any(event.type in scenarios[event.person_id] for event in events)
    ended = await transaction.ended(members) if begins else {}
    tallies = await transaction.tallies_of(members) if counted else []
    for event, starting in zip(events, heard, strict=True):
        group = groups[event.person_id]
        for journey in steps.of(group):
            go(steps, group, happened(journey, event, now_us), now_us)
        for scenario in starting:
            asked = scenario, scenario.subject_of(event.offer_no), event.time_us
            is_free = may_start(*asked, group, steps, ended)
            if not is_free:
                over = await given_up(transaction, scenario, event, steps.of(group), now_us)
                go(steps, group, over, now_us)
                is_free = may_start(*asked, group, steps, ended)
            if is_free and came_often(scenario, event, group, tallies):
                steps.take(begin(scenario, event, new_id(now_us), now_us))
    return await saved(transaction, steps)


async def take_message_outcome(
    transaction: JourneyTransaction,
    journey_id: str,
    occurrence: int,
    event: Happened,
    now_us: int,
) -> list[Transition]:
    """Tell a journey what became of a message of its own.

    Those that were sent are counted; on goes one that is still in the stage that ordered it.
    """
    groups = await transaction.sets_of([event.person_id])
    group = groups.get(event.person_id, ())
    steps = Steps(await transaction.open_of(group))
    for journey in steps.of(group):
        if journey.journey_id == journey_id:
            if event.type == MESSAGE_SENT:
                counted = count_sent(journey)
                steps.take(counted)
                journey = counted.journey
            if journey.occurrence == occurrence:
                go(steps, group, happened(journey, event, now_us), now_us)
    return await saved(transaction, steps)


async def take_sets(
    transaction: JourneyTransaction, sets: Sequence[PersonSet], now_us: int
) -> list[Transition]:
    """Keep who is one with whom: of several journeys of a scenario the oldest goes on.

    The others rest, and wake when the link is undone. A goal that one of them reached since ends
    the journey, though it was heard of before the link.
    """
    touched = await transaction.keep_sets(sets)
    if not touched:
        return []
    groups = await transaction.sets_of(touched)
    members = {person_id for group in groups.values() for person_id in group}
    steps = Steps(await transaction.open_of(members))
    for person_id, group in groups.items():
        together = steps.of(group)
        for journey in together:
            if journey.person_id == person_id:
                steps.take(rest(journey, has_older(journey, together)))
    marks = await transaction.marks_of(members)
    await note_goals(transaction, marks, groups)
    for mark in marks:
        group = groups.get(mark.person_id, ())
        for journey in steps.of(group):
            go(steps, group, happened(journey, mark, now_us), now_us)
    return await saved(transaction, steps)


async def take_timers(
    transaction: JourneyTransaction, found: Sequence[tuple[Claim, Facts]], now_us: int
) -> list[Transition]:
    """Bring claimed journeys forward; none that is another's by now or has changed meanwhile."""
    persons = {claim.journey.person_id for claim, _ in found}
    groups = await transaction.sets_of(persons)
    members = {person_id for group in groups.values() for person_id in group}
    steps = Steps(await transaction.open_of(members) if members else ())
    asks = any(claim.journey.scenario.occasions.at_least > 1 for claim, _ in found)
    tallies = await transaction.tallies_of(members) if asks and members else []
    await lock_rooms(transaction, found)
    for claim, facts in found:
        group = groups.get(claim.journey.person_id, ())
        for journey in steps.of(group):
            if _is_still(journey, claim):
                if tallies:
                    came = occasions_before(journey, group, tallies, facts.cart, now_us)
                    facts = replace(facts, occasions=came)
                await _bring_forward(transaction, steps, group, journey, facts, now_us)
    return await saved(transaction, steps)


async def _bring_forward(
    transaction: JourneyTransaction,
    steps: Steps,
    group: Collection[str],
    journey: Journey,
    facts: Facts,
    now_us: int,
) -> None:
    """Look at a journey; one that would enter its first stage may have to yield or find no room."""
    transition = await looked(transaction, journey, facts, now_us)
    if transition is None or not (needs_situation(journey) and _is_under_way(transition)):
        go(steps, group, transition, now_us)
        return
    scenario = journey.scenario
    rivals = [
        other
        for other in steps.of(group)
        if scenario.group
        and other.scenario.group == scenario.group
        and other.occurrence
        and other.journey_id != journey.journey_id
    ]
    met_us, met = transition.met_us, replace(journey, began=transition.journey.began)
    if any(rival.scenario.priority >= scenario.priority for rival in rivals):
        await give_back(transaction, transition, facts)
        transition = replace(end(met, Outcome.YIELDED, now_us), met_us=met_us)
        rivals = []
    elif (limits := limits_of(scenario, facts)) != NO_LIMITS and not await transaction.take_room(
        scenario.name, room_for(journey, limits, now_us), facts.today
    ):
        await give_back(transaction, transition, facts)
        if may_wait_for_room(journey, now_us):
            transition = wait_for_room(met, now_us)
        else:
            transition = replace(end(met, Outcome.FULL, now_us), met_us=met_us)
        rivals = []
    go(steps, group, transition, now_us)
    for rival in rivals:
        go(steps, group, end(rival, Outcome.YIELDED, now_us), now_us)


async def saved(transaction: JourneyTransaction, steps: Steps) -> list[Transition]:
    """Write what became of journeys, and return it."""
    transitions = steps.transitions
    if transitions:
        await transaction.save(transitions)
    return transitions


def _is_under_way(transition: Transition) -> bool:
    return not transition.journey.is_over and transition.journey.occurrence > 0


def _is_still(journey: Journey, claim: Claim) -> bool:
    claimed = claim.journey
    return (
        journey.journey_id == claimed.journey_id
        and journey.token == claim.token
        and journey.version == claimed.version
    )

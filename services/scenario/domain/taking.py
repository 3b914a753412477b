"""What comes in, brought to the journeys of whole sets of persons within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from services.scenario.domain.journey import (
    Facts,
    Happened,
    Journey,
    Outcome,
    Transition,
)
from services.scenario.domain.passage import ANSWERS, begin, end, happened, look, rest
from services.scenario.domain.ports import Claim, JourneyTransaction, PersonSet
from services.scenario.domain.scenario import Scenario

NewId = Callable[[int], str]
"""Makes an id of a moment in business time."""
Starting = Mapping[str, Sequence[Scenario]]
"""Scenarios by the type of event that begins them."""
StartingOf = Callable[[Sequence[str]], Starting]
"""Returns the scenarios in force for a set of persons, oldest first."""
_NONE: Mapping[str, Journey] = MappingProxyType({})


class Steps:
    """The journeys of some persons during one transaction, and what became of each."""

    def __init__(self, journeys: Iterable[Journey]) -> None:
        self._of_person: dict[str, dict[str, Journey]] = {}
        self._transitions: dict[str, Transition] = {}
        for journey in journeys:
            self._keep(journey)

    def of(self, person_ids: Collection[str]) -> list[Journey]:
        """Return the journeys of persons that are not over, oldest first."""
        found = [
            journey
            for person_id in person_ids
            for journey in self._of_person.get(person_id, _NONE).values()
            if not journey.is_over
        ]
        return sorted(found, key=_age)

    def take(self, transition: Transition | None) -> None:
        """Go a step, but none from its end; several steps of one journey are written as one."""
        if transition is None:
            return
        journey_id, person_id = transition.journey.journey_id, transition.journey.person_id
        known = self._of_person.get(person_id, _NONE).get(journey_id)
        if known is not None and known.is_over:
            return
        before = self._transitions.get(journey_id)
        if before is not None:
            transition = replace(
                transition,
                effects=(*before.effects, *transition.effects),
                is_new=before.is_new,
                is_visible=before.is_visible or transition.is_visible,
                puts_off=before.puts_off and transition.puts_off,
            )
        self._keep(transition.journey)
        self._transitions[journey_id] = transition

    def _keep(self, journey: Journey) -> None:
        self._of_person.setdefault(journey.person_id, {})[journey.journey_id] = journey

    @property
    def transitions(self) -> list[Transition]:
        """What became of those that changed."""
        return list(self._transitions.values())


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
    marks = [event for event in events if _is_mark(event, scenarios[event.person_id])]
    if marks:
        await transaction.mark(marks)
    begins = any(event.type in scenarios[event.person_id] for event in events)
    ended = await transaction.last_ended(members) if begins else {}
    for event in events:
        group = groups[event.person_id]
        for journey in steps.of(group):
            go(steps, group, happened(journey, event, now_us), now_us)
        for scenario in scenarios[event.person_id].get(event.type, ()):
            if _may_begin(scenario, event, group, steps, ended):
                steps.take(begin(scenario, event, new_id(now_us), now_us))
    return await _saved(transaction, steps)


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
                steps.take(rest(journey, _has_older(journey, together)))
    for mark in await transaction.marks_of(members):
        group = groups.get(mark.person_id, ())
        for journey in steps.of(group):
            go(steps, group, happened(journey, mark, now_us), now_us)
    return await _saved(transaction, steps)


async def take_timers(
    transaction: JourneyTransaction, found: Sequence[tuple[Claim, Facts]], now_us: int
) -> list[Transition]:
    """Bring claimed journeys forward; none that is another's by now or has changed meanwhile."""
    persons = {claim.journey.person_id for claim, _ in found}
    groups = await transaction.sets_of(persons)
    members = {person_id for group in groups.values() for person_id in group}
    steps = Steps(await transaction.open_of(members) if members else ())
    for claim, facts in found:
        group = groups.get(claim.journey.person_id, ())
        for journey in steps.of(group):
            if _is_still(journey, claim):
                go(steps, group, look(journey, facts, now_us), now_us)
    return await _saved(transaction, steps)


async def _saved(transaction: JourneyTransaction, steps: Steps) -> list[Transition]:
    transitions = steps.transitions
    if transitions:
        await transaction.save(transitions)
    return transitions


def go(steps: Steps, group: Collection[str], transition: Transition | None, now_us: int) -> None:
    """Go a step; with a journey end all of its scenario, at rest or not, that its set is on."""
    steps.take(transition)
    if transition is None or not transition.journey.is_over:
        return
    for journey in steps.of(group):
        if journey.scenario.name == transition.journey.scenario.name:
            steps.take(end(journey, Outcome.MERGED, now_us))


def _may_begin(
    scenario: Scenario,
    event: Happened,
    group: Collection[str],
    steps: Steps,
    ended: Mapping[tuple[str, str], int],
) -> bool:
    if any(journey.scenario.name == scenario.name for journey in steps.of(group)):
        return False
    latest_us = max((ended.get((person_id, scenario.name), 0) for person_id in group), default=0)
    return not latest_us or event.time_us >= latest_us + scenario.again_after_us


def _is_mark(event: Happened, scenarios: Starting) -> bool:
    return event.type in ANSWERS or any(
        event.type in scenario.goals for started in scenarios.values() for scenario in started
    )


def _is_still(journey: Journey, claim: Claim) -> bool:
    claimed = claim.journey
    return (
        journey.journey_id == claimed.journey_id
        and journey.token == claim.token
        and journey.version == claimed.version
    )


def _has_older(journey: Journey, together: Sequence[Journey]) -> bool:
    return any(
        other.scenario.name == journey.scenario.name and _age(other) < _age(journey)
        for other in together
    )


def _age(journey: Journey) -> tuple[int, str]:
    return journey.started_us, journey.journey_id

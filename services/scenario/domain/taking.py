"""What comes in, brought to the journeys of whole sets of persons within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from services.scenario.domain.asking_again import given_up
from services.scenario.domain.carts import Cart
from services.scenario.domain.criteria import Times
from services.scenario.domain.endings import end, rest
from services.scenario.domain.entries import note_goals
from services.scenario.domain.facts import Facts, Happened
from services.scenario.domain.journey import Journey, Outcome
from services.scenario.domain.occasions import carts_beside
from services.scenario.domain.passage import (
    ANSWERS,
    MESSAGE_SENT,
    begin,
    count_sent,
    happened,
    needs_situation,
)
from services.scenario.domain.ports import (
    Claim,
    Ended,
    JourneyTransaction,
    PersonSet,
    Tally,
)
from services.scenario.domain.rooms import NO_LIMITS, give_back, limits_of, lock_rooms, looked
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.transition import Transition
from shared.replacing import replace

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

    def behind(self, person_ids: Collection[str], matter: tuple[str, int]) -> list[Ended]:
        """Return what ended during this very transaction of what persons were on."""
        return [
            Ended(journey.ended_us, 1)
            for person_id in person_ids
            for journey in self._of_person.get(person_id, _NONE).values()
            if journey.is_over and journey.occurrence and journey.matter == matter
        ]

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
                changes_edition=before.changes_edition or transition.changes_edition,
                puts_off=before.puts_off and transition.puts_off,
                passages=(*before.passages, *transition.passages),
                met_us=before.met_us or transition.met_us,
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
        await note_goals(transaction, marks, groups)
    heard = [_heard(event, scenarios[event.person_id]) for event in events]
    counted = _counted(events, heard)
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
            may_begin = _may_begin(scenario, event, group, steps, ended)
            if not may_begin:
                over = await given_up(transaction, scenario, event, steps.of(group), now_us)
                go(steps, group, over, now_us)
                may_begin = _may_begin(scenario, event, group, steps, ended)
            if may_begin and _came_often(scenario, event, group, tallies):
                steps.take(begin(scenario, event, new_id(now_us), now_us))
    return await _saved(transaction, steps)


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
    marks = await transaction.marks_of(members)
    await note_goals(transaction, marks, groups)
    for mark in marks:
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
    asks = any(claim.journey.scenario.occasions.at_least > 1 for claim, _ in found)
    tallies = await transaction.tallies_of(members) if asks and members else []
    await lock_rooms(transaction, found)
    for claim, facts in found:
        group = groups.get(claim.journey.person_id, ())
        for journey in steps.of(group):
            if _is_still(journey, claim):
                if tallies:
                    came = _occasions(journey, group, tallies, facts.cart, now_us)
                    facts = replace(facts, occasions=came)
                await _bring_forward(transaction, steps, group, journey, facts, now_us)
    return await _saved(transaction, steps)


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
    enters = transition is not None and needs_situation(journey) and _is_under_way(transition)
    if not enters:
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
    met_us = transition.met_us if transition is not None else 0
    if any(rival.scenario.priority >= scenario.priority for rival in rivals):
        await give_back(transaction, transition, facts)
        transition = replace(end(journey, Outcome.YIELDED, now_us), met_us=met_us)
        rivals = []
    elif (limits := limits_of(scenario, facts)) != NO_LIMITS and not await transaction.take_room(
        scenario.name, limits, facts.today
    ):
        await give_back(transaction, transition, facts)
        transition = replace(end(journey, Outcome.FULL, now_us), met_us=met_us)
        rivals = []
    go(steps, group, transition, now_us)
    for rival in rivals:
        go(steps, group, end(rival, Outcome.YIELDED, now_us), now_us)


async def _saved(transaction: JourneyTransaction, steps: Steps) -> list[Transition]:
    transitions = steps.transitions
    if transitions:
        await transaction.save(transitions)
    return transitions


def go(steps: Steps, group: Collection[str], transition: Transition | None, now_us: int) -> None:
    """Go a step; with a journey end all about the same, at rest or not, that its set is on."""
    steps.take(transition)
    if transition is None or not transition.journey.is_over:
        return
    for journey in steps.of(group):
        if journey.matter == transition.journey.matter:
            steps.take(end(journey, Outcome.MERGED, now_us))


def _is_under_way(transition: Transition) -> bool:
    return not transition.journey.is_over and transition.journey.occurrence > 0


def _may_begin(
    scenario: Scenario,
    event: Happened,
    group: Collection[str],
    steps: Steps,
    ended: Mapping[tuple[str, str, int], Ended],
) -> bool:
    matter = scenario.name, scenario.subject_of(event.offer_no)
    if any(journey.matter == matter for journey in steps.of(group)):
        return False
    behind = [
        found for person_id in group if (found := ended.get((person_id, *matter))) is not None
    ]
    behind += steps.behind(group, matter)
    if not behind:
        return True
    if scenario.again_most and sum(each.times for each in behind) >= scenario.again_most:
        return False
    if not scenario.again_after_us:
        # Also with the event that ended the last one: it happened before we heard of it.
        return True
    latest_us = max(each.latest_us for each in behind)
    return event.time_us >= latest_us + scenario.again_after_us


def _heard(event: Happened, scenarios: Starting) -> list[Scenario]:
    """Return the scenarios that an event may begin; each is asked once."""
    return [
        scenario
        for scenario in scenarios.get(event.type, ())
        if scenario.starts.hears(event.type, event.values)
    ]


def _counted(events: Iterable[Happened], heard: Iterable[Collection[Scenario]]) -> list[Tally]:
    """Return the events that scenarios count before they begin."""
    return [
        Tally(
            event.person_id,
            scenario.name,
            event.time_us,
            subject_no=scenario.subject_of(event.offer_no),
        )
        for event, scenarios in zip(events, heard, strict=True)
        for scenario in scenarios
        if scenario.count.at_least > 1
    ]


def _came_often(
    scenario: Scenario, event: Happened, group: Collection[str], tallies: Iterable[Tally]
) -> bool:
    times, matter = scenario.count, (scenario.name, scenario.subject_of(event.offer_no))
    if times.at_least <= 1:
        return True
    came = _within(times, matter, event.time_us, group, tallies, is_occasion=False)
    return len(came) >= times.at_least


def _occasions(
    journey: Journey, group: Collection[str], tallies: Iterable[Tally], cart: Cart, now_us: int
) -> int:
    scenario = journey.scenario
    came = _within(scenario.occasions, journey.matter, now_us, group, tallies, is_occasion=True)
    return carts_beside(scenario.when.cart_nos(cart), [each.cart_nos for each in came])


def _within(
    times: Times,
    matter: tuple[str, int],
    now_us: int,
    group: Collection[str],
    tallies: Iterable[Tally],
    *,
    is_occasion: bool,
) -> list[Tally]:
    """Return the times that persons came towards a scenario within the time that counts."""
    since_us = now_us - times.within_us if times.within_us else 0
    return [
        each
        for each in tallies
        if each.matter == matter
        and each.is_occasion is is_occasion
        and each.person_id in group
        and since_us < each.time_us <= now_us
    ]


def _is_mark(event: Happened, scenarios: Starting) -> bool:
    return event.type in ANSWERS or any(
        event.type in scenario.goals.types for started in scenarios.values() for scenario in started
    )


def _is_still(journey: Journey, claim: Claim) -> bool:
    claimed = claim.journey
    return (
        journey.journey_id == claimed.journey_id
        and journey.token == claim.token
        and journey.version == claimed.version
    )


def _has_older(journey: Journey, together: Sequence[Journey]) -> bool:
    return any(other.matter == journey.matter and _age(other) < _age(journey) for other in together)


def _age(journey: Journey) -> tuple[int, str]:
    return journey.started_us, journey.journey_id

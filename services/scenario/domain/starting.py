"""Which journeys events begin, by what their persons did and were on before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from services.scenario.domain.carts import Cart
from services.scenario.domain.criteria import Times
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.occasions import carts_beside
from services.scenario.domain.passage import ANSWERS
from services.scenario.domain.ports import Ended, Tally
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.steps import Steps

Starting = Mapping[str, Sequence[Scenario]]
"""Scenarios by the type of event that begins them."""
StartingOf = Callable[[Sequence[str]], Starting]
"""Returns the scenarios in force for a set of persons, oldest first."""


def begun_by(event: Happened, scenarios: Starting) -> list[Scenario]:
    """Return the scenarios that an event may begin; each is asked once."""
    return [
        scenario
        for scenario in scenarios.get(event.type, ())
        if scenario.starts.hears(event.type, event.values)
    ]


def may_start(
    scenario: Scenario,
    subject_no: int,
    time_us: int,
    group: Collection[str],
    steps: Steps,
    ended: Mapping[tuple[str, str, int], Ended],
) -> bool:
    """Say whether a scenario may begin about something at a time.

    It depends on where its persons are, and were before.
    """
    matter = scenario.name, subject_no
    if any(journey.matter == matter for journey in steps.of(group)):
        return False
    behind = behind_of(matter, group, steps, ended)
    if not behind:
        return True
    if scenario.again_most and sum(each.times for each in behind) >= scenario.again_most:
        return False
    if not scenario.again_after_us:
        # Also with the event that ended the last one: it happened before we heard of it.
        return True
    latest_us = max(each.latest_us for each in behind)
    return time_us >= latest_us + scenario.again_after_us


def behind_of(
    matter: tuple[str, int],
    group: Collection[str],
    steps: Steps,
    ended: Mapping[tuple[str, str, int], Ended],
) -> list[Ended]:
    """Return what persons have behind them of a matter."""
    found = [ended[key] for person_id in group if (key := (person_id, *matter)) in ended]
    return found + steps.behind(group, matter)


def tallies_of(events: Iterable[Happened], heard: Iterable[Collection[Scenario]]) -> list[Tally]:
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


def came_often(
    scenario: Scenario, event: Happened, group: Collection[str], tallies: Iterable[Tally]
) -> bool:
    """Say whether an event came as often as its scenario asks for, itself included."""
    times, matter = scenario.count, (scenario.name, scenario.subject_of(event.offer_no))
    if times.at_least <= 1:
        return True
    came = _within(times, matter, event.time_us, group, tallies, is_occasion=False)
    return len(came) >= times.at_least


def occasions_before(
    journey: Journey, group: Collection[str], tallies: Iterable[Tally], cart: Cart, now_us: int
) -> int:
    """Return how often the persons of a journey came as far as its first stage before now."""
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


def is_mark(event: Happened, scenarios: Starting) -> bool:
    """Say whether it is kept that an event was, for links of which word comes late."""
    return event.type in ANSWERS or any(
        event.type in scenario.goals.types for started in scenarios.values() for scenario in started
    )

"""People who are quiet already when the span of a back-test begins."""

from __future__ import annotations

from collections.abc import Iterable

from cli.backtest.past import Past
from cli.backtest.stage import Stage
from services.scenario.domain.facts import Happened
from services.scenario.domain.quiet_already import reads_since_us, reads_types
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.taking_up import Look


async def take_up_before(
    stage: Stage, scenarios: Iterable[Scenario], before: Iterable[int], since_us: int
) -> None:
    """Begin journeys for those who are quiet already at a time, by the events before it.

    `before` are the numbers of those events in order, of the people of a share. It is as if each
    scenario came into force at that time.
    """
    numbers = list(before)
    for scenario in scenarios:
        if scenario.quiet_already is not None:
            await _take_up(stage, scenario, numbers, since_us)


async def _take_up(stage: Stage, scenario: Scenario, numbers: list[int], since_us: int) -> None:
    past, types = stage.past, reads_types(scenario)
    starting = {
        past.set_of(each) for each in numbers if past.type_of(each) in scenario.starts.types
    }
    first_us = reads_since_us(scenario, since_us)
    events: dict[tuple[str, ...], list[Happened]] = {}
    for number in numbers:
        person_ids = past.set_of(number)
        if person_ids in starting and (not types or past.type_of(number) in types):
            event = _happened(past, number)
            if event.time_us >= first_us:
                events.setdefault(person_ids, []).append(event)
    look = Look(scenario.name, since_us)
    stage.clock.set(since_us)
    for person_ids, told in events.items():
        by_person: dict[str, list[Happened]] = {each: [] for each in person_ids}
        for event in told:
            by_person[event.person_id].append(event)
        await stage.player.take_up(look, by_person)


def _happened(past: Past, number: int) -> Happened:
    return past.happened(number, past.at(number))

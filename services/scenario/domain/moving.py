"""People under way when their scenario is edited: how they come onto the newer edition."""

from __future__ import annotations

from dataclasses import replace

from services.scenario.domain.journey import Journey
from services.scenario.domain.scenario import Scenario


def moved(journey: Journey, newer: Scenario) -> Journey:
    """Return the journey on a newer edition that takes it over, or as it is where it says nothing.

    It stays in the stage of the same name, with its time. Where the edition moves the stage it is
    led to another one, `END` for the end. A stage that the edition neither has nor moves is
    finished on the edition that it belongs to.
    """
    if newer.definition == journey.scenario.definition:
        return journey
    stage = journey.current
    if stage is None:
        return replace(journey, scenario=newer)
    if stage.name in newer.moves:
        place = newer.moves[stage.name]
        here = _place(newer, stage.name)
        return replace(
            journey,
            scenario=newer,
            stage=max(place, 0) if here is None else here,
            next_stage=place,
        )
    here = _place(newer, stage.name)
    if here is None:
        return journey
    next_stage = journey.next_stage
    if next_stage >= 0:
        ahead = _place(newer, journey.scenario.stages[next_stage].name)
        if ahead is None:
            return journey
        next_stage = ahead
    return replace(journey, scenario=newer, stage=here, next_stage=next_stage)


def _place(scenario: Scenario, name: str) -> int | None:
    names = [stage.name for stage in scenario.stages]
    return names.index(name) if name in names else None

"""The conditions of a scenario: compiled where they stand, and tried where they may be dear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from services.rules.definitions.problems import Problems
from services.rules.definitions.stage_places import Places, Step
from services.rules.definitions.suspects import Suspects
from shared.conditions import ConditionError
from shared.conditions.gate import is_suspect
from shared.conditions.journeys import EVENT_MESSAGES, JourneyCompiler
from shared.conditions.values import ParameterValue
from touchpoint.rules.v1.rules_pb2 import Scenario


class _Written(NamedTuple):
    where: tuple[Step, ...]
    text: str
    is_of_event: bool
    """It may read what happened and the journey, and not the person."""


class ScenarioConditions:
    """Checks the conditions of the scenarios of one bundle."""

    def __init__(self, parameters: Mapping[str, ParameterValue], suspects: Suspects) -> None:
        self._compiler = JourneyCompiler(parameters)
        self._suspects = suspects

    def check(self, scenario: Scenario, places: Places, problems: Problems) -> None:
        """Note what is wrong with the conditions of a scenario."""
        for written in _conditions(scenario):
            compiled = self._compiler.where if written.is_of_event else self._compiler.condition
            try:
                predicate = compiled(written.text)
            except ConditionError as error:
                places.note(problems, error, *written.where)
                continue
            name = str(written.where[-1])
            if not scenario.starts_on and (read := _kept(predicate.reads)):
                message = f"{name}: {read} is known of a journey only, and this one is not kept"
                problems.add(places.of(*written.where), message)
            if is_suspect(predicate.tree):
                self._suspects.add_at(places.of(*written.where), name, "journey", written.text)


def _kept(reads: frozenset[str]) -> str:
    """Return what a condition reads of a journey that is kept, empty for nothing."""
    return next((name for name in sorted(reads) if name.partition(".")[0] in EVENT_MESSAGES), "")


def _conditions(scenario: Scenario) -> Iterator[_Written]:
    yield from _said(("where",), scenario.where, is_of_event=True)
    yield from _said(("condition",), scenario.condition)
    yield from _said(("goal_where",), scenario.goal_where, is_of_event=True)
    for index, way_out in enumerate(scenario.exits):
        yield from _said(("exits", index, "where"), way_out.where, is_of_event=True)
    for place, stage in enumerate(scenario.stages):
        start: tuple[Step, ...] = ("stages", place)
        yield from _said((*start, "condition"), stage.condition)
        for index, reaction in enumerate(stage.on):
            yield from _said((*start, "on", index, "where"), reaction.where, is_of_event=True)
        for index, way in enumerate(stage.next):
            yield from _said((*start, "next", index, "condition"), way.condition)


def _said(where: tuple[Step, ...], text: str, *, is_of_event: bool = False) -> Iterator[_Written]:
    if text:
        yield _Written(where, text, is_of_event)

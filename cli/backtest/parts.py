"""Which parts of a person scenarios ask for: only these are made of a state at each moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from services.profile.definitions import ProfileDefinitions
from services.profile.facts import parts_of
from services.scenario.domain.scenario import Condition, Scenario
from shared.conditions.customer import FIELDS

_ALWAYS = frozenset({"cart", "attributes"})
"""What journeys take over as they begin, and the time zone."""
_OF_MESSAGES = frozenset({"consents", "habits"})
_SEGMENTS, _PERSONA, _SESSION = "segments", "persona", "session"


def parts_asked(scenarios: Iterable[Scenario], definitions: ProfileDefinitions) -> frozenset[str]:
    """Return the names of those parts, by the conditions of scenarios and what their stages do."""
    parts = set(_ALWAYS)
    for scenario in scenarios:
        reads = {name for each in _conditions(scenario) for name in each.reads}
        parts |= parts_of(reads & FIELDS.keys())
        stages = scenario.stages
        if scenario.when.hesitating or any(each.propose and each.propose.source for each in stages):
            parts.add(_SESSION)
        if scenario.when.segments:
            parts.add(_SEGMENTS)
        if scenario.when.personas:
            parts.add(_PERSONA)
        if any(stage.send is not None for stage in stages):
            parts |= _OF_MESSAGES
    if _SEGMENTS in parts:
        parts |= parts_of(definitions.reads)
    return frozenset(parts - {""})


def _conditions(scenario: Scenario) -> Iterator[Condition]:
    asked = [scenario.when.condition]
    for stage in scenario.stages:
        asked += [stage.condition, *(way.condition for way in stage.ways)]
    yield from filter(None, asked)

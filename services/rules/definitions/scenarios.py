"""The section of scenarios: how its entries are read, and what must hold of them as a whole."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.proposals import not_shown_at, wrongly_proposed
from services.rules.definitions.reading import (
    Entry,
    Read,
    flag,
    list_of,
    one_of,
    parsed,
    proto_duration,
    proto_money,
    text,
    whole_number,
)
from services.rules.definitions.scenario_conditions import ScenarioConditions
from services.rules.definitions.scenario_graph import flaws, is_found
from services.rules.definitions.scenario_messages import unsendable
from services.rules.definitions.stage_places import Places, Step
from services.rules.definitions.stages import (
    CALL,
    CONDITION,
    MOST_STAGES,
    NAME,
    STAGE,
    TYPES,
    part,
    word,
)
from services.rules.definitions.templates import KnownTemplate
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.rules.v1.rules_pb2 import RuleMode, Scenario, Situation, Stage
from touchpoint.rules.v1.scenarios_pb2 import (
    QuietAlready,
    ScenarioAim,
    ScenarioExit,
    ScenarioLimits,
    ScenarioPer,
    StageMove,
    Times,
)

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_LONGEST_ATTRIBUTE = 256
_KEPT_ONLY = (
    "where",
    "count",
    "quiet_for",
    "quiet_of",
    "quiet_already",
    "occasions",
    "goals",
    "goal_where",
    "exits",
    "again_after",
    "again_most",
    "per",
    "group",
    "priority",
    "limits",
    "moves",
    "takes_over",
)
"""What a scenario that is not kept cannot have."""
_TIMES = part(
    Times,
    {"at_least": whole_number(1, 100), "within": parsed(proto_duration)},
    ("at_least", "within"),
)
_EXIT = part(ScenarioExit, {"on": TYPES, "where": CONDITION, "as": word}, ("on", "as"))
_MOVE = part(StageMove, {"from": NAME, "to": NAME}, ("from", "to"))
_ALREADY = part(
    QuietAlready,
    {"within": parsed(proto_duration), "over": parsed(proto_duration)},
    ("within", "over"),
)
_MOST_DAYS = {"within": 401, "over": 91}
"""Of `quiet_already`: from so many days on it is too long."""
_NEEDED = (("goal_where", "goals"), ("quiet_of", "quiet_for"), ("quiet_already", "quiet_for"))
"""Fields that are nothing without another."""
_MOST = 1_000_000
_LIMITS = part(
    ScenarioLimits,
    {
        "under_way": whole_number(1, _MOST),
        "per_day": whole_number(1, _MOST),
        "messages": whole_number(1, 1000),
    },
)
FIELDS: Mapping[str, Read] = {
    "scenario": NAME,
    "title": text(),
    "aim": one_of(ScenarioAim),
    "segments": list_of(NAME, 50),
    "personas": list_of(NAME, 50),
    "starts_on": TYPES,
    "where": CONDITION,
    "count": _TIMES,
    "quiet_for": parsed(proto_duration),
    "quiet_of": TYPES,
    "quiet_already": _ALREADY,
    "when": part(Situation, {"hesitating": flag, "cart_above": parsed(proto_money)}),
    "condition": CONDITION,
    "occasions": _TIMES,
    "goals": TYPES,
    "goal_where": CONDITION,
    "exits": list_of(_EXIT, 20),
    "again_after": parsed(proto_duration),
    "again_most": whole_number(1, 1000),
    "per": one_of(ScenarioPer),
    "priority": whole_number(-1000, 1000),
    "group": word,
    "limits": _LIMITS,
    "stages": list_of(STAGE, MOST_STAGES),
    "moves": list_of(_MOVE, 50),
    "takes_over": flag,
    "mode": one_of(RuleMode),
}
REQUIRED = ("scenario", "stages")


class KnownNames(NamedTuple):
    """What scenarios may name."""

    offers: Mapping[str, Entry]
    placements: Mapping[str, Entry]
    segments: Collection[str]
    personas: Collection[str]
    templates: Mapping[str, KnownTemplate]
    in_force: Mapping[str, Scenario]
    """Scenarios that are in force by now, by name."""


def check_scenario(
    entry: Entry, known: KnownNames, conditions: ScenarioConditions, problems: Problems
) -> None:
    """Note what is wrong with a scenario beyond its single fields, each at its place."""
    scenario, places = Scenario(**entry.values), Places(entry)
    found = [*_shape(scenario), *flaws(scenario), *_unknown_people(scenario, known)]
    for place, stage in enumerate(scenario.stages):
        found += _unknown_offers(place, stage, known)
        if stage.HasField("send"):
            where = ("stages", place, "send")
            found += unsendable(where, stage.send, known.placements, known.templates)
    for way, message in found:
        problems.add(places.of(*way), message)
    earlier = known.in_force.get(scenario.scenario)
    for way, message in [*_idle(scenario), *_moved_from_nowhere(scenario, earlier)]:
        problems.add(places.of(*way), message, warning=True)
    conditions.check(scenario, places, problems)
    if not scenario.starts_on:
        _check_in_session(entry, scenario, problems)
    elif scenario.when.hesitating:
        message = "hesitating is known within a session only: leave it out, or starts_on"
        problems.add(entry.where("when"), message)


_Found = tuple[tuple[Step, ...], str]


def _shape(scenario: Scenario) -> Iterator[_Found]:
    """Tell what is wrong with single stages, and with fields that need others."""
    if not scenario.stages:
        yield ("stages",), "a scenario needs a stage"
    names = [stage.stage for stage in scenario.stages]
    for place, stage in enumerate(scenario.stages):
        where: tuple[Step, ...] = ("stages", place)
        if stage.stage in names[:place]:
            yield (*where, "stage"), f"stage {stage.stage} is defined twice"
        if stage.stage == "end":
            yield (*where, "stage"), "end is where a journey ends: give the stage another name"
        for message in _wrong_attributes(stage):
            yield (*where, "set"), f"stage {stage.stage}: {message}"
        yield from _acts(where, stage)
    for field, needs in _NEEDED:
        if _is_given(scenario, field) and not _is_given(scenario, needs):
            yield (field,), f"{field} needs {needs}"
    if scenario.HasField("quiet_already"):
        yield from _wrongly_already(scenario)


def _wrongly_already(scenario: Scenario) -> Iterator[_Found]:
    """Tell what is wrong with whom a scenario takes up who is quiet already."""
    for field, most in _MOST_DAYS.items():
        days = getattr(scenario.quiet_already, field).ToTimedelta().days
        if days >= most:
            yield ("quiet_already", field), f"{field} is at most {most - 1} days"
    if scenario.HasField("occasions"):
        message = "occasions are counted from live events: leave them out, or quiet_already"
        yield ("quiet_already",), message
    if scenario.per == ScenarioPer.ITEM:
        message = "quiet_already is of people: with per: ITEM it would begin with all they ever saw"
        yield ("quiet_already",), message


def _idle(scenario: Scenario) -> Iterator[_Found]:
    """Tell of what is said and decides nothing."""
    proposes = any(stage.HasField("propose") for stage in scenario.stages)
    if scenario.priority and scenario.starts_on and not (scenario.group or proposes):
        message = "priority decides nothing here: it is among journeys of a group, and proposals"
        yield ("priority",), message


def _moved_from_nowhere(scenario: Scenario, earlier: Scenario | None) -> Iterator[_Found]:
    """Tell of stages that people are led from, and that nobody is in by what is in force."""
    if earlier is None:
        return
    names = [stage.stage for each in (scenario, earlier) for stage in each.stages]
    for index, move in enumerate(scenario.moves):
        name = getattr(move, "from")
        if name not in names:
            message = (
                f"leads nobody on who is on the edition in force: it has no stage {name}, nor has"
                f" this one{suggestion(name, [stage.stage for stage in earlier.stages])}"
            )
            yield ("moves", index, "from"), message


def _acts(where: tuple[Step, ...], stage: Stage) -> Iterator[_Found]:
    """Tell what is wrong with what a stage does."""
    acts = [name for name in ("propose", "task", "send") if stage.HasField(name)]
    calls = Channel.CALL_CENTER in stage.send.channels
    if calls and "task" not in acts:
        message = f"stage {stage.stage} may call: write beside it the task that somebody is given"
        yield (*where, "send", "channels"), message
    elif calls and stage.task.kind != CALL:
        message = f"stage {stage.stage} may call: a task of kind {CALL} is one"
        yield (*where, "task", "kind"), message
    if len(acts) > 1 and not (calls and acts == ["task", "send"]):
        message = f"stage {stage.stage} has {' and '.join(acts)}: write a stage for each"
        yield (*where, acts[1]), message
    if "propose" in acts:
        yield from wrongly_proposed((*where, "propose"), stage)


def _wrong_attributes(stage: Stage) -> Iterator[str]:
    """Tell of attributes that profile would refuse when they are set."""
    for name, value in stage.set.items():
        if not _ATTRIBUTE.fullmatch(name):
            yield f"attribute {name} must be 1 to 64 of a-z, 0-9, _ . - from a letter on"
        elif name == "name":
            yield "a name is personal, and no scenario sets it"
        if len(value) > _LONGEST_ATTRIBUTE:
            yield f"attribute {name} has more than {_LONGEST_ATTRIBUTE} characters"


def _is_given(scenario: Scenario, field: str) -> bool:
    if field == "quiet_for":
        return scenario.HasField("quiet_for")
    if field == "quiet_already":
        return scenario.HasField("quiet_already")
    return bool(getattr(scenario, field))


def _unknown_people(scenario: Scenario, known: KnownNames) -> Iterator[_Found]:
    for field, names in (("segments", known.segments), ("personas", known.personas)):
        for index, name in enumerate(getattr(scenario, field)):
            if name not in names:
                message = f"there is no {field[:-1]} {name}{suggestion(name, names)}"
                yield (field, index), message


def _unknown_offers(place: int, stage: Stage, known: KnownNames) -> Iterator[_Found]:
    where: tuple[Step, ...] = ("stages", place)
    proposed = [(("propose", "offer"), stage.propose.offer)] if stage.propose.offer else []
    named: list[tuple[tuple[Step, ...], str]] = [*proposed]
    for part_name, offers in (
        ("propose", stage.propose.offers),
        ("task", stage.task.offers),
        ("send", stage.send.offers),
    ):
        named += [((part_name, "offers", index), name) for index, name in enumerate(offers)]
    for way, name in named:
        if name not in known.offers:
            message = f"there is no offer {name} in these definitions"
            suggested = suggestion(name, known.offers)
            yield (*where, *way), f"stage {stage.stage}: {message}{suggested}"
    for index, name in enumerate(stage.propose.placements):
        for message in not_shown_at(name, stage, known.offers, known.placements):
            yield (*where, "propose", "placements", index), f"stage {stage.stage}: {message}"


def _check_in_session(entry: Entry, scenario: Scenario, problems: Problems) -> None:
    """Check a scenario that lives in the session: it is not kept, so nothing can wait."""
    for name in _KEPT_ONLY:
        if name in entry.places:
            problems.add(entry.where(name), f"{name} needs starts_on: without it nothing is kept")
    if scenario.when == Situation() and not scenario.condition:
        problems.add(entry.place, "a scenario without starts_on needs when or condition")
    stages = scenario.stages
    if len(stages) > 1 or any(not stage.HasField("propose") or is_found(stage) for stage in stages):
        message = "without starts_on a scenario has one stage, and that proposes an offer"
        problems.add(entry.where("stages"), message)

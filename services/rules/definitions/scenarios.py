"""The section of scenarios: how its entries are read, and what must hold of them as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from yaml.nodes import Node

from services.rules.definitions.described import described_mapping, named
from services.rules.definitions.problems import Place, Problems, suggestion
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    flag,
    list_of,
    number,
    one_of,
    parsed,
    proto_duration,
    proto_money,
    read_entry,
    text,
    whole_number,
    word_of,
)
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind
from touchpoint.rules.v1.rules_pb2 import (
    Proposal,
    RuleMode,
    Scenario,
    Situation,
    Stage,
    TaskOrder,
)

TASK_KINDS = ("call", "call_back", "follow_up")
_EVENT_TYPE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_IN_SESSION_ONLY = ("quiet_for", "goals", "again_after")
"""What a scenario that is not kept cannot have."""


def _part(made: type[Any], fields: Mapping[str, Read], required: tuple[str, ...] = ()) -> Read:
    """Read a mapping within an entry into a message of its own."""

    @described_mapping(fields, required, made.DESCRIPTOR.full_name)
    def read(reader: Reader, node: Node) -> Any:
        entry = read_entry(reader, node, fields, required)
        if entry is None or any(name not in entry.values for name in required):
            raise MistakeError("is not complete")
        return made(**entry.values)

    return read


@named(_EVENT_TYPE.pattern)
def event_type(reader: Reader, node: Node) -> str:
    found = reader.text(node)
    if not _EVENT_TYPE.fullmatch(found):
        raise MistakeError(f"must be a type of event in lower_snake_case, is {found!r}")
    return found


_NAME = text(128)
_PROPOSAL = _part(
    Proposal,
    {"offer": _NAME, "placements": list_of(_NAME, 50), "lever": number(0.001, 1000)},
    ("offer",),
)
_TASK = _part(
    TaskOrder,
    {
        "kind": word_of(TASK_KINDS),
        "reason": text(),
        "script": text(4000),
        "offers": list_of(_NAME, 20),
        "skills": list_of(_NAME, 20),
        "priority": whole_number(-1000, 1000),
    },
    ("kind", "reason", "script"),
)
_STAGE = _part(
    Stage,
    {"stage": _NAME, "propose": _PROPOSAL, "task": _TASK, "lasts": parsed(proto_duration)},
    ("stage",),
)
FIELDS: Mapping[str, Read] = {
    "scenario": _NAME,
    "title": text(),
    "starts_on": list_of(event_type, 20),
    "when": _part(Situation, {"hesitating": flag, "cart_above": parsed(proto_money)}),
    "quiet_for": parsed(proto_duration),
    "goals": list_of(event_type, 20),
    "again_after": parsed(proto_duration),
    "stages": list_of(_STAGE, 20),
    "mode": one_of(RuleMode, without=("SHADOW",)),
}
REQUIRED = ("scenario", "stages")


def check_scenario(
    entry: Entry, offers: Mapping[str, Entry], placements: Mapping[str, Entry], problems: Problems
) -> None:
    """Note what is wrong with a scenario beyond its single fields."""
    scenario = Scenario(**entry.values)
    stages, where = list(scenario.stages), entry.where("stages")
    for message in (*_shape(scenario), *_order(stages)):
        problems.add(where, message)
    for stage in stages:
        _check_names(stage, offers, placements, where, problems)
    if not scenario.starts_on:
        _check_in_session(entry, scenario, problems)
    elif scenario.when.hesitating:
        message = "hesitating is known within a session only: leave it out, or starts_on"
        problems.add(entry.where("when"), message)


def _shape(scenario: Scenario) -> Iterator[str]:
    """Tell what is wrong with single stages."""
    if not scenario.stages:
        yield "a scenario needs a stage"
    for stage in scenario.stages:
        if stage.HasField("propose") == stage.HasField("task"):
            yield f"stage {stage.stage} must either propose an offer or give a task"


def _order(stages: list[Stage]) -> Iterator[str]:
    """Tell what is wrong with the stages together."""
    names = [stage.stage for stage in stages]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"stage {name} is defined twice"
    for stage in stages[:-1]:
        if not stage.HasField("lasts"):
            yield f"stage {stage.stage} needs lasts: the next one begins after it"
    for stage in stages:
        if stage.HasField("lasts") and not stage.lasts.ToNanoseconds():
            yield f"stage {stage.stage} lasts no time: nobody could answer"


def _check_names(
    stage: Stage,
    offers: Mapping[str, Entry],
    placements: Mapping[str, Entry],
    where: Place,
    problems: Problems,
) -> None:
    wanted = [stage.propose.offer] if stage.HasField("propose") else list(stage.task.offers)
    for name in wanted:
        if name not in offers:
            message = f"there is no offer {name} in these definitions{suggestion(name, offers)}"
            problems.add(where, f"stage {stage.stage}: {message}")
    for name in stage.propose.placements:
        if name not in placements:
            message = f"there is no placement {name}{suggestion(name, placements)}"
            problems.add(where, f"stage {stage.stage}: {message}")
        elif stage.propose.offer in offers:
            offer = offers[stage.propose.offer]
            for message in _never_shown(offer, placements[name]):
                problems.add(where, f"stage {stage.stage}: {message}")


def _never_shown(offer: Entry, placement: Entry) -> Iterator[str]:
    """Tell why a placement never shows an offer."""
    shown, where = offer.values["offer_id"], placement.values["placement"]
    kind, channel = offer.values.get("kind"), placement.values.get("channel")
    if kind and kind not in placement.values.get("kinds", (kind,)):
        yield f"{where} shows no {OfferKind.Value.Name(kind)}, which {shown} is"
    if channel and channel not in (offer.values.get("channels") or (channel,)):
        yield f"{shown} is not for the channel {Channel.Value.Name(channel)} of {where}"


def _check_in_session(entry: Entry, scenario: Scenario, problems: Problems) -> None:
    """Check a scenario that lives in the session: it is not kept, so nothing can wait."""
    for name in _IN_SESSION_ONLY:
        if name in entry.places:
            problems.add(entry.where(name), f"{name} needs starts_on: without it nothing is kept")
    if scenario.when == Situation():
        problems.add(entry.place, "a scenario without starts_on needs when")
    if len(scenario.stages) > 1 or any(stage.HasField("task") for stage in scenario.stages):
        message = "without starts_on a scenario has one stage, and that proposes an offer"
        problems.add(entry.where("stages"), message)

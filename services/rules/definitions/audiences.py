"""The sections of segments and scores: how their entries are read, and what must hold of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

from yaml.nodes import Node

from services.rules.definitions.described import described_mapping
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    list_of,
    read_entry,
    signed_number,
    text,
)
from services.rules.definitions.stages import event_type
from services.rules.definitions.suspects import Suspects
from services.rules.definitions.text_places import note_condition
from shared.conditions import ConditionError
from shared.conditions.gate import is_suspect
from shared.conditions.segments import SegmentCompiler
from shared.conditions.values import ParameterValue
from touchpoint.rules.v1.rules_pb2 import ScorePoints, ScoreStage

MAX_SEGMENTS = 500
MAX_SCORES = 50
_NAME = text(128)
_MOST_POINTS = 1_000_000.0
_SCORED = signed_number(_MOST_POINTS)


_POINTS: Mapping[str, Read] = {"on": event_type, "points": _SCORED, "per_value": _SCORED}
_STAGE: Mapping[str, Read] = {"stage": _NAME, "from": _SCORED}


@described_mapping(_POINTS, ("on",), ScorePoints.DESCRIPTOR.full_name)
def _points(reader: Reader, node: Node) -> ScorePoints:
    entry = read_entry(reader, node, _POINTS, ("on",))
    if entry is None or "on" not in entry.values:
        raise MistakeError("is not complete")
    if not entry.places.keys() & {"points", "per_value"}:
        raise MistakeError("needs points, per_value or both")
    return ScorePoints(**entry.values)


@described_mapping(_STAGE, tuple(_STAGE), ScoreStage.DESCRIPTOR.full_name)
def _stage(reader: Reader, node: Node) -> ScoreStage:
    entry = read_entry(reader, node, _STAGE, tuple(_STAGE))
    if entry is None or len(entry.values) < len(_STAGE):
        raise MistakeError("is not complete")
    return ScoreStage(**entry.values)


SEGMENT: Mapping[str, Read] = {"segment": _NAME, "title": text(), "when": text(4096)}
SEGMENT_REQUIRED = ("segment", "when")
SCORE: Mapping[str, Read] = {
    "score": _NAME,
    "title": text(),
    "points": list_of(_points, 50),
    "stages": list_of(_stage, 20),
}
SCORE_REQUIRED = ("score", "points")


def check_segments(
    entries: Collection[Entry],
    parameters: Mapping[str, ParameterValue],
    suspects: Suspects,
    problems: Problems,
) -> None:
    """Note segments whose conditions cannot be used, each with its place in the text."""
    if len(entries) > MAX_SEGMENTS:
        surplus = list(entries)[MAX_SEGMENTS]
        problems.add(surplus.place, f"there are more than {MAX_SEGMENTS} segments")
    compiler = SegmentCompiler(parameters)
    for entry in entries:
        if "when" not in entry.values:
            continue
        try:
            compiled = compiler.compile(entry.values["when"])
        except ConditionError as error:
            note_condition(entry, "when", error, problems)
        else:
            if is_suspect(compiled.tree):
                suspects.add(entry, "when", "segment")


def check_scores(entries: Collection[Entry], problems: Problems) -> None:
    """Note scores that mean nothing, or two things."""
    if len(entries) > MAX_SCORES:
        problems.add(list(entries)[MAX_SCORES].place, f"there are more than {MAX_SCORES} scores")
    for entry in entries:
        for message in _points_mistakes(entry.values.get("points", ())):
            problems.add(entry.where("points"), message)
        for message in _stage_mistakes(entry.values.get("stages", ())):
            problems.add(entry.where("stages"), message)


def _points_mistakes(points: Any) -> list[str]:
    types = [each.on for each in points]
    twice = sorted({name for name in types if types.count(name) > 1})
    found = [f"{name} is given twice: add its points up in one entry" for name in twice]
    return found if points else ["a score needs points"]


def _stage_mistakes(stages: Any) -> list[str]:
    names = [each.stage for each in stages]
    found = [
        f"stage {name} is defined twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
    for one, following in pairwise(stages):
        if getattr(following, "from") <= getattr(one, "from"):
            found.append(f"stage {following.stage} must begin above stage {one.stage}")
    return found

"""The section of rules: what must hold of them as a whole."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from services.rules.conditions import Condition, ConditionCompiler, ConditionError
from services.rules.definitions.item_readers import item_warning
from services.rules.definitions.levels import level_warning
from services.rules.definitions.problems import Problems, suggestion
from services.rules.definitions.reading import Entry
from services.rules.definitions.suspects import Suspects
from services.rules.definitions.text_places import note_condition
from services.rules.definitions.trying import check_examples
from shared.conditions.values import ParameterValue
from touchpoint.rules.v1 import rules_pb2 as pb

CONDITIONS = ("remove_when", "lever_when")
_LANGUAGE = re.compile("[a-z]{2,3}")


def check_rules(
    rules: Sequence[Entry],
    segments: Sequence[str],
    parameters: Mapping[str, ParameterValue],
    suspects: Suspects,
    problems: Problems,
) -> None:
    """Note what is wrong with rules, given the names of all segments."""
    compiler = ConditionCompiler(parameters)
    for entry in rules:
        _check_pairs(entry, problems)
        conditions: dict[str, Condition] = {}
        for name in CONDITIONS:
            if name in entry.values:
                condition = _check_condition(compiler, entry, name, segments, problems)
                if condition is not None:
                    conditions[name] = condition
                    if condition.is_suspect:
                        suspects.add(entry, name, "rule")
        check_examples(entry, conditions, compiler.activation, problems)


def rule_of(examples: object = None, **said: Any) -> pb.Rule:
    """Return the rule that an entry says; its examples decide nothing and are no part of it."""
    return pb.Rule(**said)


def _check_pairs(entry: Entry, problems: Problems) -> None:
    given = entry.places.keys()
    if not given & {"remove_when", "lever_when"}:
        problems.add(entry.place, "a rule needs remove_when or lever_when")
    if "remove_when" in given and "code" not in given:
        problems.add(entry.where("remove_when"), "remove_when needs a code to tell")
    if ("lever" in given) != ("lever_when" in given):
        problems.add(entry.place, "lever and lever_when belong together")
    for language in entry.values.get("texts", {}):
        if not _LANGUAGE.fullmatch(language):
            message = f"texts: {language!r} is no language; write two or three letters, such as de"
            problems.add(entry.where("texts"), message)


def _check_condition(
    compiler: ConditionCompiler,
    entry: Entry,
    name: str,
    segments: Sequence[str],
    problems: Problems,
) -> Condition | None:
    """Return the condition, unless it cannot be used."""
    try:
        condition = compiler.accept(entry.values[name])
    except ConditionError as error:
        note_condition(entry, name, error, problems)
        return None
    for message in _warnings(condition, entry, name, segments):
        problems.add(entry.where(name), message, warning=True)
    kinds = entry.values.get("kinds", ())
    for message in item_warning(name, condition, kinds, compiler.activation):
        problems.add(entry.where(name), message, warning=True)
    return condition


def _warnings(
    condition: Condition, entry: Entry, name: str, segments: Sequence[str]
) -> Sequence[str]:
    found = [
        f"{name}: there is no segment {sought}{suggestion(sought, segments)}"
        for sought in condition.segments_sought
        if sought not in segments
    ]
    if condition.obstacle:
        found.append(
            f"{name} is evaluated candidate by candidate, which is slow: {condition.obstacle}"
        )
    if name == "remove_when":
        found += level_warning(condition.reads, entry.values.get("level", 0))
    return found

"""Books of any number of rules: those that are shipped, again and again with other constants."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count, islice

import yaml

from services.rules.config import shipped_definitions
from services.rules.definitions import check_definitions
from services.rules.definitions.files import read_folder
from shared.conditions.values import ParameterValue, typed_parameters
from touchpoint.common.v1.vocabulary_pb2 import OfferKind, RemovalCode, RuleLevel
from touchpoint.rules.v1.rules_pb2 import Bundle, DefinitionFile, Rule

_PARAMETER = re.compile(r"params\.([a-z_][a-z_0-9]*(?:\.[a-z_][a-z_0-9]*)*)")
_RULES = "rules.yaml"


def book_of(rules: int, *, variant: int = 0) -> Sequence[DefinitionFile]:
    """Return the shipped definitions with so many rules; another variant has other constants."""
    files = list(read_folder(shipped_definitions()))
    bundle = check_definitions(files).bundle
    assert bundle is not None
    entries = [_entry(rule) for rule in islice(_cycled(bundle, variant), rules)]
    text = yaml.safe_dump({"rules": entries}, sort_keys=False)
    others = [file for file in files if file.path != _RULES]
    assert len(others) == len(files) - 1, f"the shipped rules no longer stand in {_RULES}"
    return [*others, DefinitionFile(path=_RULES, text=text)]


def _cycled(bundle: Bundle, variant: int) -> Iterator[Rule]:
    parameters = typed_parameters(bundle.parameters)
    for number in count(variant):
        for shipped in bundle.rules:
            rule = Rule()
            rule.CopyFrom(shipped)
            if number:
                rule.name = f"{shipped.name}_{number}"
                rule.remove_when = _with_other_constants(shipped.remove_when, parameters, number)
            yield rule


def _with_other_constants(
    condition: str, parameters: dict[str, ParameterValue], number: int
) -> str:
    return _PARAMETER.sub(lambda found: _literal(parameters[found.group(1)], number), condition)


def _literal(value: ParameterValue, number: int) -> str:
    """Write a parameter as a constant, a little different for every number."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value + number)
        case float():
            return repr(value * (1.0 - number / 1000))
        case timedelta():
            return f'duration("{int(value.total_seconds()) + number}s")'
        case _:
            return f'"{value}"'


def _entry(rule: Rule) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": rule.name,
        "level": RuleLevel.Value.Name(rule.level),
        "code": RemovalCode.Value.Name(rule.code),
        "remove_when": rule.remove_when,
    }
    if rule.kinds:
        entry["kinds"] = [OfferKind.Value.Name(kind) for kind in rule.kinds]
    if rule.placements:
        entry["placements"] = list(rule.placements)
    return entry

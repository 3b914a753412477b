"""Examples that rules carry, read as the protos of the conditions type them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from yaml.nodes import MappingNode, Node

from services.rules.conditions.variables import MESSAGES
from services.rules.definitions.described import (
    SCALAR,
    described,
    described_mapping,
    explained,
    schema_of,
    takes,
)
from services.rules.definitions.reading import (
    Entry,
    MistakeError,
    Read,
    Reader,
    flag,
    list_of,
    read_entry,
    text,
    word_of,
)
from shared.conditions.bounds import most_elements
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

MOST = 20
_INT_MIN, _INT_MAX = -(2**63), 2**63 - 1
OUTCOMES: Mapping[str, str] = MappingProxyType({"removed": "remove_when", "levered": "lever_when"})
"""What may come of an example, and the condition that it is about."""


@dataclass(frozen=True, slots=True)
class Example:
    """What is given, and what is to come of it."""

    values: Mapping[str, Any]
    entry: Entry
    is_whole: bool
    """All that it says could be read, so that what comes of it means something."""


@takes(type="integer")
def _integer(reader: Reader, node: Node) -> int:
    found = reader.text(node)
    try:
        value = int(found)
    except ValueError:
        raise MistakeError(f"must be a whole number, is {found!r}") from None
    if not _INT_MIN <= value <= _INT_MAX:
        raise MistakeError("is more than 64 bits hold")
    return value


@takes(type="number")
def _real(reader: Reader, node: Node) -> float:
    found = reader.text(node)
    try:
        value = float(found)
    except ValueError:
        raise MistakeError(f"must be a number, is {found!r}") from None
    if value - value != 0.0:
        raise MistakeError(f"must be a finite number, is {found!r}")
    return value


@described(lambda: SCALAR)
def _any_text(reader: Reader, node: Node) -> str:
    return reader.text(node)


@takes(type="string", format="date-time")
def _instant(reader: Reader, node: Node) -> datetime:
    found = reader.text(node)
    try:
        instant = datetime.fromisoformat(found)
    except ValueError:
        raise MistakeError(f"must be a time such as 2026-11-21T12:00:00Z, is {found!r}") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _map_of(each: Read, most: int) -> Read:
    @described(
        lambda: {"type": "object", "additionalProperties": schema_of(each), "maxProperties": most}
    )
    def read(reader: Reader, node: Node) -> dict[str, Any]:
        if not isinstance(node, MappingNode) or len(node.value) > most:
            raise MistakeError(f"must be a mapping of at most {most} values")
        found: dict[str, Any] = {}
        for key, value in node.value:
            name = reader.text(key)
            if name in found:
                reader.mistake(key, f"{name} is given twice")
            try:
                found[name] = each(reader, value)
            except MistakeError as error:
                reader.mistake(value, f"{name} {error}")
        return found

    return read


def _names(enclosing: Any) -> tuple[str, ...]:
    return tuple(value.name for value in enclosing.Value.DESCRIPTOR.values if value.number)


_SINGLE: Mapping[int, Read] = {
    FieldDescriptor.CPPTYPE_BOOL: flag,
    FieldDescriptor.CPPTYPE_INT64: _integer,
    FieldDescriptor.CPPTYPE_DOUBLE: _real,
    FieldDescriptor.CPPTYPE_STRING: _any_text,
    FieldDescriptor.CPPTYPE_MESSAGE: _instant,
}
_WORDS: Mapping[str, Read] = {
    "offer.kind": word_of(_names(OfferKind)),
    "request.channel": word_of(_names(Channel)),
}


def _read_of(variable: str, field: Any) -> Read:
    name = f"{variable}.{field.name}"
    if name in _WORDS:
        return _WORDS[name]
    if not field.is_repeated:
        return _SINGLE[field.cpp_type]
    if field.message_type is None:
        return list_of(_SINGLE[field.cpp_type], most_elements(name))
    value = field.message_type.fields_by_name["value"]
    return _map_of(_SINGLE[value.cpp_type], most_elements(name))


_FIELDS: Mapping[str, Mapping[str, Read]] = {
    variable: {field.name: _read_of(variable, field) for field in message.DESCRIPTOR.fields}
    for variable, message in MESSAGES.items()
}


def _variable(variable: str) -> Read:
    @described_mapping(_FIELDS[variable], (), MESSAGES[variable].DESCRIPTOR.full_name)
    def read(reader: Reader, node: Node) -> dict[str, Any]:
        entry = read_entry(reader, node, _FIELDS[variable])
        return {} if entry is None else entry.values

    return read


_EXAMPLE: Mapping[str, Read] = {
    "title": explained("What it is an example of.", text()),
    **{variable: _variable(variable) for variable in MESSAGES},
    "now": explained(
        "The moment, such as 2026-11-21T12:00:00Z; a condition may read it.", _instant
    ),
    "removed": explained("Whether the offer is to be removed.", flag),
    "levered": explained("Whether the lever is to apply.", flag),
}


@described_mapping(_EXAMPLE)
def _example(reader: Reader, node: Node) -> Example:
    mistakes = len(reader.problems.found)
    entry = read_entry(reader, node, _EXAMPLE)
    if entry is None:
        raise MistakeError("is no example")
    values: dict[str, Any] = {
        f"{variable}.{name}": value
        for variable in MESSAGES
        for name, value in entry.values.get(variable, {}).items()
    }
    if "now" in entry.values:
        values["now"] = entry.values["now"]
    return Example(values, entry, len(reader.problems.found) == mistakes)


EXAMPLES = list_of(_example, MOST)

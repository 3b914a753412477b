"""Reads YAML nodes by a table of fields, noting every mistake with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.rules.definitions.described import SCALAR, described, schema_of, takes
from services.rules.definitions.problems import Place, Problems, place_of, suggestion
from shared.conditions.values import duration
from shared.money import is_currency, to_micros
from touchpoint.common.v1.money_pb2 import Money

_REFERENCE = re.compile(r"\$\{(?!\{)([^}]*)\}")
"""Not `${{`: there a template says a price."""
_NULL = "tag:yaml.org,2002:null"

T = TypeVar("T")


class MistakeError(Exception):
    """What a field holds is wrong; the sentence says how."""


@dataclass(slots=True)
class Reader:
    """Reads the nodes of one file."""

    path: str
    problems: Problems
    parameters: Mapping[str, str]
    """What `${name}` stands for."""

    def place(self, node: Node) -> Place:
        return place_of(node, self.path)

    def mistake(self, node: Node, message: str) -> None:
        self.problems.add(self.place(node), message)

    def text(self, node: Node) -> str:
        """Return a scalar's text, parameters put in."""
        if not isinstance(node, ScalarNode) or node.tag == _NULL:
            raise MistakeError("must be a single value")
        return _REFERENCE.sub(self._parameter, node.value)

    def _parameter(self, match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in self.parameters:
            known = suggestion(name, self.parameters.keys())
            raise MistakeError(f"there is no parameter {name}{known}")
        return self.parameters[name]


Read = Callable[[Reader, Node], Any]
"""Reads one field; raises `MistakeError`, or notes mistakes of parts and returns what is left."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One mapping that was read: fields by name, with their places."""

    place: Place
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)

    def where(self, name: str) -> Place:
        """Return the place of a field, or of the whole entry where it is not given."""
        return self.places.get(name, self.place)


def read_entry(
    reader: Reader, node: Node, fields: Mapping[str, Read], required: Collection[str] = ()
) -> Entry | None:
    """Read a mapping; unknown, repeated and missing keys are mistakes."""
    if not isinstance(node, MappingNode):
        reader.mistake(node, f"must be a mapping with {', '.join(fields)}")
        return None
    entry = Entry(reader.place(node))
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else ""
        if name not in fields:
            reader.mistake(key, f"unknown key {name}{suggestion(name, fields.keys())}")
        elif name in entry.places:
            reader.mistake(key, f"{name} is given twice")
        else:
            entry.places[name] = reader.place(value)
            entry.nodes[name] = value
            _read_field(reader, value, name, fields[name], entry)
    for name in required:
        if name not in entry.places:
            reader.mistake(node, f"{name} is missing")
    return entry


def _read_field(reader: Reader, node: Node, name: str, read: Read, entry: Entry) -> None:
    try:
        entry.values[name] = read(reader, node)
    except MistakeError as error:
        reader.mistake(node, f"{name} {error}")


def text(longest: int = 512) -> Read:
    @described(lambda: {**SCALAR, "minLength": 1, "maxLength": longest})
    def read(reader: Reader, node: Node) -> str:
        found = reader.text(node)
        if not found.strip():
            raise MistakeError("must not be empty")
        if len(found) > longest:
            raise MistakeError(f"is longer than {longest} characters")
        return found

    return read


def whole_number(least: int, most: int) -> Read:
    @takes(type="integer", minimum=least, maximum=most)
    def read(reader: Reader, node: Node) -> int:
        found = reader.text(node)
        if not re.fullmatch(r"-?\d{1,9}", found) or not least <= int(found) <= most:
            raise MistakeError(f"must be a whole number from {least} to {most}, is {found!r}")
        return int(found)

    return read


def number(least: float, most: float) -> Read:
    @takes(type="number", minimum=least, maximum=most)
    def read(reader: Reader, node: Node) -> float:
        found = reader.text(node)
        if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", found) or not least <= float(found) <= most:
            raise MistakeError(f"must be a number from {least:g} to {most:g}, is {found!r}")
        return float(found)

    return read


def signed_number(most: float) -> Read:
    """Read a number from -most to most."""

    @takes(type="number", minimum=-most, maximum=most)
    def read(reader: Reader, node: Node) -> float:
        found = reader.text(node)
        if not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", found) or abs(float(found)) > most:
            raise MistakeError(f"must be a number from {-most:g} to {most:g}, is {found!r}")
        return float(found)

    return read


@takes(type="boolean")
def flag(reader: Reader, node: Node) -> bool:
    found = reader.text(node)
    if found not in ("true", "false"):
        raise MistakeError(f"must be true or false, is {found!r}")
    return found == "true"


def one_of(enclosing: type[Message], without: Collection[str] = ()) -> Read:
    """Read a value of the enum in a message such as `OfferKind` by its name; never its zero."""
    numbers = enclosing.DESCRIPTOR.enum_types_by_name["Value"].values_by_name
    names = [name for name, value in numbers.items() if value.number and name not in without]

    @takes(enum=names)
    def read(reader: Reader, node: Node) -> int:
        found = reader.text(node)
        if found not in names:
            raise MistakeError(f"must be one of {', '.join(names)}, is {found!r}")
        return int(numbers[found].number)

    return read


def word_of(names: Collection[str]) -> Read:
    @takes(enum=list(names))
    def read(reader: Reader, node: Node) -> str:
        found = reader.text(node)
        if found not in names:
            raise MistakeError(f"must be one of {', '.join(names)}, is {found!r}")
        return found

    return read


def list_of(each: Read, most: int = 200) -> Read:
    @described(lambda: {"type": "array", "items": schema_of(each), "maxItems": most})
    def read(reader: Reader, node: Node) -> list[Any]:
        if not isinstance(node, SequenceNode):
            raise MistakeError("must be a list")
        if len(node.value) > most:
            raise MistakeError(f"has {len(node.value)} entries, at most {most} are allowed")
        found = []
        for part in node.value:
            try:
                found.append(each(reader, part))
            except MistakeError as error:
                reader.mistake(part, str(error))
        return found

    return read


@described(
    lambda: {"type": "object", "additionalProperties": schema_of(text()), "maxProperties": 32}
)
def text_map(reader: Reader, node: Node) -> dict[str, str]:
    """Read a mapping of texts, at most 32."""
    if not isinstance(node, MappingNode) or len(node.value) > 32:
        raise MistakeError("must be a mapping of at most 32 texts")
    found: dict[str, str] = {}
    for key, value in node.value:
        name = reader.text(key)
        if name in found:
            reader.mistake(key, f"{name} is given twice")
        found[name] = text()(reader, value)
    return found


def parsed(parse: Callable[[str], T]) -> Read:
    """Read a text by a function that raises ValueError with a sentence."""

    @described(lambda: {"type": ["string", "number"]})
    def read(reader: Reader, node: Node) -> T:
        try:
            return parse(reader.text(node))
        except ValueError as error:
            raise MistakeError(f"is wrong: {error}") from None

    return read


def proto_duration(found: str) -> Duration:
    made = Duration()
    made.FromTimedelta(duration(found))
    return made


def proto_time(found: str) -> Timestamp:
    """Return `2026-11-21` or `2026-11-21T12:00:00Z`; without a zone it is UTC."""
    made = Timestamp()
    instant = datetime.fromisoformat(found)
    made.FromDatetime(instant if instant.tzinfo else instant.replace(tzinfo=UTC))
    return made


def proto_money(found: str) -> Money:
    """Return `12.50` or `12.50 USD`."""
    amount, _, currency = found.partition(" ")
    if to_micros(amount) < 0 or (currency and not is_currency(currency)):
        raise ValueError(f"{found!r} is no amount; write 12.50 or 12.50 USD")
    return Money(amount=amount, currency=currency)

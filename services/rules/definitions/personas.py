"""The section of personas: how its entries are read, and what must hold of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from yaml.nodes import MappingNode, Node, SequenceNode

from services.rules.definitions.described import REFERENCE, SCALAR, Schema, described
from services.rules.definitions.problems import Problems
from services.rules.definitions.reading import Entry, MistakeError, Read, Reader, text
from shared.conditions.values import share
from touchpoint.common.v1.persona_pb2 import AttributeShares, Share
from touchpoint.common.v1.vocabulary_pb2 import Channel

MOSTLY = 0.8
"""Share of what is named without one: "age: 20-35" is said of most, not of all."""
MAX_SHARES = 100
MAX_ATTRIBUTES = 32
VALUE_TIERS = ("top", "high", "medium", "low", "new")
_CHANNELS = tuple(Channel.Value.DESCRIPTOR.values_by_name)[1:]
"""All but the one that says nothing."""
_SLACK = 1e-6
_BACKWARDS = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)

_SHARE: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^[0-9.]+%?$"},
        REFERENCE,
    ]
}
_SHARES: Schema = {
    "anyOf": [
        {"type": "object", "additionalProperties": _SHARE, "maxProperties": MAX_SHARES},
        {"type": "array", "items": SCALAR, "maxItems": MAX_SHARES},
        SCALAR,
    ]
}

Word = Callable[[str], str]
"""Returns a value as it is kept; raises `MistakeError`."""


def _one_of(known: Collection[str]) -> Word:
    def word(found: str) -> str:
        if found not in known:
            raise MistakeError(f"has {found!r}, known are {', '.join(known)}")
        return found

    return word


def _range_or_text(found: str) -> str:
    ends = _BACKWARDS.fullmatch(found)
    if ends is not None and int(ends[1]) > int(ends[2]):
        raise MistakeError(f"has {found!r}, which ends before it begins")
    return found


def shares_of(word: Word = str) -> Read:
    """Read how common values are: a mapping to shares, or values that are common together.

    `{Running: 60%, Books: 10%}`; a list or a single value comes to 80% in equal parts.
    """

    @described(lambda: _SHARES)
    def read(reader: Reader, node: Node) -> list[Share]:
        if isinstance(node, MappingNode):
            found = _told(reader, node, word)
        else:
            values = node.value if isinstance(node, SequenceNode) else [node]
            part = MOSTLY / max(1, len(values))
            found = [(word(text()(reader, value)), part) for value in values]
        _check(found)
        return [Share(value=value, share=part) for value, part in found]

    return read


def _told(reader: Reader, node: MappingNode, word: Word) -> list[tuple[str, float]]:
    found = []
    for key, value in node.value:
        try:
            found.append((word(text()(reader, key)), share(reader.text(value))))
        except ValueError as error:
            raise MistakeError(f"is wrong: {error}") from None
    return found


def _check(found: Collection[tuple[str, float]]) -> None:
    if not found:
        raise MistakeError("must name something")
    if len(found) > MAX_SHARES:
        raise MistakeError(f"names {len(found)} things, at most {MAX_SHARES} are allowed")
    for value in _twice(value for value, _ in found):
        raise MistakeError(f"names {value} twice")
    total = sum(part for _, part in found)
    if total > 1.0 + _SLACK:
        raise MistakeError(f"comes to {total:.0%}: shares of one list are at most 100% together")


def _twice(values: Iterable[str]) -> Iterable[str]:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            yield value
        seen.add(value)


@described(
    lambda: {
        "type": "object",
        "additionalProperties": _SHARES,
        "minProperties": 1,
        "maxProperties": MAX_ATTRIBUTES,
    }
)
def _attributes(reader: Reader, node: Node) -> list[AttributeShares]:
    if not isinstance(node, MappingNode) or not 0 < len(node.value) <= MAX_ATTRIBUTES:
        raise MistakeError(f"must be a mapping of 1 to {MAX_ATTRIBUTES} attributes")
    found: dict[str, AttributeShares] = {}
    for key, value in node.value:
        name = reader.text(key)
        if name in found:
            reader.mistake(key, f"{name} is given twice")
            continue
        try:
            found[name] = AttributeShares(attribute=name, shares=_ATTRIBUTE(reader, value))
        except MistakeError as error:
            reader.mistake(value, f"{name} {error}")
    return list(found.values())


@described(lambda: _SHARE)
def _weight(reader: Reader, node: Node) -> float:
    try:
        found = share(reader.text(node))
    except ValueError as error:
        raise MistakeError(f"is wrong: {error}") from None
    if found <= 0.0:
        raise MistakeError("must be above 0: it is the share of people of this persona")
    return found


_ATTRIBUTE = shares_of(_range_or_text)
_DISTRIBUTIONS = ("categories", "brands", "channels", "value_tiers", "attributes")
FIELDS: Mapping[str, Read] = {
    "persona": text(128),
    "title": text(),
    "description": text(4000),
    "weight": _weight,
    "categories": shares_of(),
    "brands": shares_of(),
    "channels": shares_of(_one_of(_CHANNELS)),
    "value_tiers": shares_of(_one_of(VALUE_TIERS)),
    "attributes": _attributes,
}
REQUIRED = ("persona", "title", "weight")


def check_persona(entry: Entry, problems: Problems) -> None:
    """Note what is wrong with a persona beyond its single fields."""
    if not any(name in entry.places for name in _DISTRIBUTIONS):
        names = ", ".join(_DISTRIBUTIONS)
        problems.add(entry.place, f"a persona needs one of {names}: by what is it recognised?")

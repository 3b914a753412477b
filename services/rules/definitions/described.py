"""Ways to read a field that also say, as JSON Schema, what they take: one table serves both.

A schema is made when it is asked for, because its descriptions are the comments of the protos.
Wherever a single value is read, `${name}` may stand for a parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from yaml.nodes import Node

from shared.proto_comments import comment_of

Schema = dict[str, Any]

SCALAR: Schema = {"type": ["string", "number", "boolean"]}
REFERENCE: Schema = {"type": "string", "pattern": r"\$\{[^}]*\}"}


@dataclass(frozen=True, slots=True)
class Described:
    """A way to read a field."""

    read: Callable[..., Any]
    schema: Callable[[], Schema]

    def __call__(self, reader: Any, node: Node) -> Any:
        """Read a node as `Read` says."""
        return self.read(reader, node)


def described(schema: Callable[[], Schema]) -> Callable[[Callable[..., Any]], Described]:
    """Say what a way to read takes."""
    return lambda read: Described(read, schema)


def takes(**schema: Any) -> Callable[[Callable[..., Any]], Described]:
    """Say what single value a way to read takes; a parameter may stand for it."""
    return described(lambda: {"anyOf": [schema, REFERENCE]})


def described_mapping(
    fields: Mapping[str, Any], required: Collection[str] = (), message: str = ""
) -> Callable[[Callable[..., Any]], Described]:
    """Say that a way to read takes a mapping, as `mapping_of` describes it."""
    return described(lambda: mapping_of(fields, required, message))


def named(pattern: str) -> Callable[[Callable[..., Any]], Described]:
    """Say that a way to read takes a text of this form."""
    return takes(type="string", pattern=f"^({pattern})$")


def explained(said: str, read: Any) -> Described:
    """Say what a field is, where no proto does."""
    return Described(read, lambda: {**schema_of(read), "description": said})


def schema_of(read: object) -> Schema:
    """Return what a way to read takes; anything, where it does not say."""
    return read.schema() if isinstance(read, Described) else {}


def mapping_of(
    fields: Mapping[str, Any],
    required: Collection[str] = (),
    message: str = "",
) -> Schema:
    """Return the schema of a mapping whose fields are described as those of a message."""
    properties: dict[str, Schema] = {}
    for name, read in fields.items():
        schema = schema_of(read)
        if said := comment_of(f"{message}.{name}"):
            schema = {**schema, "description": said}
        properties[name] = schema
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if said := comment_of(message):
        found["description"] = said
    return {**found, "required": list(required)} if required else found

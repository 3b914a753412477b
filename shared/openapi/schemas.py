"""Messages as JSON Schema: the JSON that the codec reads and writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from shared.proto_comments import comment_of

Schema = dict[str, Any]

COMPONENTS = "#/components/schemas/"
_SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.TYPE_FIXED32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_SINT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.TYPE_SFIXED32: {"type": "integer", "format": "int32"},
}
_WIDE: Schema = {"type": "string", "pattern": "^-?[0-9]+$"}
"""Whole numbers of 64 bits are strings in JSON: JavaScript would round them."""
_WELL_KNOWN: Mapping[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array", "items": {}},
}


class Schemas:
    """Collects the schemas of messages, and of all that those hold, by full name."""

    def __init__(self) -> None:
        self.found: dict[str, Schema] = {}

    def of(self, message: Any) -> Schema:
        """Return a reference to the schema of a message, given its descriptor."""
        if message.full_name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[message.full_name])
        if message.full_name not in self.found:
            schema: Schema = {"type": "object"}
            self.found[message.full_name] = schema
            if said := comment_of(message.full_name):
                schema["description"] = said
            schema["properties"] = {field.json_name: self._field(field) for field in message.fields}
        return {"$ref": COMPONENTS + message.full_name}

    def _field(self, field: FieldDescriptor) -> Schema:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            of_values = self._single(kind.fields_by_name["value"])
            schema: Schema = {"type": "object", "additionalProperties": of_values}
        elif field.is_repeated:
            schema = {"type": "array", "items": self._single(field)}
        else:
            schema = self._single(field)
        said = comment_of(field.full_name)
        return {**schema, "description": said} if said else schema

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return self.of(field.message_type)
        if field.enum_type is not None:
            return _enum(field.enum_type)
        return dict(_SCALARS.get(field.type, _WIDE))


def _enum(kind: EnumDescriptor) -> Schema:
    return {"type": "string", "enum": [value.name for value in kind.values]}

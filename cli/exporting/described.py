"""Columns of the messages that travel, with the words that the protos themselves say of a field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from cli.exporting.table import Column, Type
from shared.proto_comments import comment_of

_NUMBERS = {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}
_MICROS, _MICROSECONDS = "_micros", "_us"
_MILLION = 1_000_000


def columns_of(message: Descriptor, *, nested: bool = False) -> list[Column]:
    """Return a column per field that is a value, a list of values or a map.

    With `nested` also per field that is a message of its own, as JSON.
    """
    return [
        Column(column_name(field), kind, comment_of(field.full_name))
        for field in message.fields
        if (kind := _type(field, nested)) is not None
    ]


def column_name(field: FieldDescriptor) -> str:
    """Return the field's name; units go, because the column's type says them."""
    return field.name.removesuffix(_MICROS).removesuffix(_MICROSECONDS)


def _type(field: FieldDescriptor, nested: bool) -> Type | None:
    if field.message_type is not None:
        return Type.JSON if nested or field.message_type.GetOptions().map_entry else None
    numeric = field.cpp_type in _NUMBERS
    if field.is_repeated:
        if field.cpp_type == FieldDescriptor.CPPTYPE_STRING or field.enum_type is not None:
            return Type.TEXTS
        return Type.NUMBERS
    if field.name.endswith(_MICROS):
        return Type.MONEY
    if field.name.endswith(_MICROSECONDS):
        return Type.TIME
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING or field.enum_type is not None:
        return Type.TEXT
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return Type.YES
    return Type.NUMBER if numeric else Type.WHOLE


def values_of(message: Any, *, nested: bool = False) -> Iterator[tuple[str, Any]]:
    """Return a row's cells of the columns of `columns_of`."""
    for field in message.DESCRIPTOR.fields:
        kind = _type(field, nested)
        if kind is not None:
            yield column_name(field), _value(message, field, kind)


def _value(message: Any, field: FieldDescriptor, kind: Type) -> Any:
    value = getattr(message, field.name)
    if kind is Type.JSON:
        return as_json(value) if isinstance(value, Message) else dict(value)
    if field.enum_type is not None:
        names = field.enum_type.values_by_number
        return [names[n].name for n in value] if field.is_repeated else names[value].name
    return list(value) if field.is_repeated else value


def as_json(message: Any) -> Any:
    """Return a message within a row as JSON would say it."""
    return MessageToDict(message, preserving_proto_field_name=True)

"""Columns of the messages that travel, with the words that the protos themselves say of a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from cli.exporting.table import Column, Type

_MESSAGES, _FIELDS = 4, 2
"""Field numbers of a file's messages and of a message's fields, of which source paths are made."""
_NUMBERS = {FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT}
_MICROS, _MICROSECONDS = "_micros", "_us"
_MILLION = 1_000_000


@lru_cache(1)
def _comments() -> Mapping[str, str]:
    """Return the comment of each field by its full name."""
    described = FileDescriptorSet.FromString(
        files("touchpoint").joinpath("comments.binpb").read_bytes()
    )
    found: dict[str, str] = {}
    for file in described.file:
        comments = {
            tuple(place.path): " ".join(place.leading_comments.split())
            for place in file.source_code_info.location
            if place.leading_comments
        }
        for number, message in enumerate(file.message_type):
            path = (_MESSAGES, number)
            found.update(_of_message(f"{file.package}.{message.name}", message, path, comments))
    return found


def _of_message(
    name: str,
    message: DescriptorProto,
    path: tuple[int, ...],
    comments: Mapping[tuple[int, ...], str],
) -> Iterator[tuple[str, str]]:
    for number, field in enumerate(message.field):
        yield f"{name}.{field.name}", comments.get((*path, _FIELDS, number), "")


def columns_of(message: Descriptor, *, nested: bool = False) -> list[Column]:
    """Return a column per field that is a value, a list of values or a map.

    With `nested` also per field that is a message of its own, as JSON.
    """
    return [
        Column(column_name(field), kind, _comments().get(field.full_name, ""))
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

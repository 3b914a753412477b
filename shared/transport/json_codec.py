"""Protobuf's JSON at the edge: lowerCamelCase out, both in, and every wrong field named."""

from __future__ import annotations

import json
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from shared.errors import InvalidArgument
from shared.validation import Violations

_KINDS = {
    FieldDescriptor.CPPTYPE_STRING: "a string",
    FieldDescriptor.CPPTYPE_BOOL: "true or false",
    FieldDescriptor.CPPTYPE_ENUM: "one of the enum's names",
}


class JsonCodec:
    """The `json` codec of Connect over google.protobuf messages."""

    def name(self) -> str:
        """Return the name that content types end in."""
        return "json"

    def encode(self, message: Message) -> bytes:
        """Return compact JSON; fields at their default are left out."""
        values = json_format.MessageToDict(message)
        return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()

    def decode(self, data: bytes | bytearray, message_class: type[Message]) -> Message:
        """Return the message; raises InvalidArgument with the paths of all wrong fields."""
        message = message_class()
        try:
            values = json.loads(bytes(data) or b"{}", object_pairs_hook=_without_duplicates)
            if not isinstance(values, dict):
                raise ValueError("a request is an object")
            json_format.ParseDict(values, message)
        except json_format.ParseError:
            raise _explained(values, message) from None
        except RecursionError:
            raise InvalidArgument(message="nested too deep", reason="NOT_JSON") from None
        except ValueError as error:
            told = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise InvalidArgument(message=f"not valid JSON: {told}", reason="NOT_JSON") from None
        return message


class ProtoCodec:
    """The `proto` codec of Connect over google.protobuf messages."""

    def name(self) -> str:
        """Return the name that content types end in."""
        return "proto"

    def encode(self, message: Message) -> bytes:
        """Return the message on the wire."""
        return message.SerializeToString()

    def decode(self, data: bytes | bytearray, message_class: type[Message]) -> Message:
        """Return the message; raises InvalidArgument."""
        try:
            return message_class.FromString(bytes(data))
        except DecodeError:
            raise InvalidArgument(
                message="the request is not a valid protobuf message", reason="UNDECODABLE"
            ) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice in one object")
    return found


def _explained(values: Any, message: Message) -> InvalidArgument:
    """Find what the parser tripped over, and everything else like it.

    The parser stops at the first mistake and names nested fields only in prose.
    """
    violations = Violations()
    _check_object(values, type(message).DESCRIPTOR, "", violations)
    if not violations.found:
        violations.add("", f"does not have the form of {message.DESCRIPTOR.full_name}")
    return InvalidArgument(violations.found, reason="MALFORMED_JSON")


def _check_object(value: Any, descriptor: Any, path: str, violations: Violations) -> None:
    if not isinstance(value, dict):
        violations.add(path.rstrip("."), "must be an object")
        return
    for key, entry in value.items():
        field = descriptor.fields_by_camelcase_name.get(key) or descriptor.fields_by_name.get(key)
        if field is None:
            violations.add(path + key, f"is not a field of {descriptor.name}")
        elif entry is not None:
            _check_field(entry, field, path + field.name, violations)


def _check_field(value: Any, field: FieldDescriptor, path: str, violations: Violations) -> None:
    if _is_plain_message(field) and field.is_repeated:
        if not isinstance(value, list):
            violations.add(path, "must be a list")
            return
        for index, entry in enumerate(value):
            _check_object(entry, _message(field), f"{path}[{index}].", violations)
    elif _is_plain_message(field):
        _check_object(value, _message(field), f"{path}.", violations)
    elif not _parses(value, field):
        kind = _KINDS.get(field.cpp_type, "a number")
        if field.message_type is not None:
            kind = f"the JSON form of {field.message_type.full_name}"
        violations.add(path, f"must be {'a list, each ' if field.is_repeated else ''}{kind}")


def _is_plain_message(field: FieldDescriptor) -> bool:
    """Say whether a field holds messages whose JSON is an object with our own fields."""
    kind = field.message_type
    if kind is None or kind.GetOptions().map_entry:
        return False
    return not kind.full_name.startswith("google.protobuf.")


def _message(field: FieldDescriptor) -> Descriptor:
    assert field.message_type is not None
    return field.message_type


def _parses(value: Any, field: FieldDescriptor) -> bool:
    assert field.containing_type is not None
    try:
        json_format.ParseDict({field.name: value}, GetMessageClass(field.containing_type)())
    except (json_format.ParseError, RecursionError):
        return False
    return True

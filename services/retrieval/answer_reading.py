"""Reads what a request asks for, and what a person answered before, into answers about items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from google.protobuf.struct_pb2 import Struct, Value

from services.retrieval.definitions import Definitions
from services.retrieval.domain.answers import MOST_ANSWERS, Answer, read_answer
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot


def read_answers(
    context: DecisionContext, person: PersonSnapshot | None, definitions: Definitions
) -> tuple[Answer, ...]:
    """Return what is asked for now, and what a person once answered to questions about items.

    What is asked now takes the place of what was answered of the same.
    """
    now = _fields(context.attributes) if context.HasField("attributes") else {}
    before: dict[str, object] = {}
    if person is not None:
        for attribute, item_attribute in definitions.asked.items():
            if item_attribute not in now:
                before[item_attribute] = person.attributes.get(attribute, "")
    found = [*_answers(now), *(replace(each, is_standing=True) for each in _answers(before))]
    return tuple(found[:MOST_ANSWERS])


def _answers(said: Mapping[str, object]) -> list[Answer]:
    found = (read_answer(name, value) for name, value in said.items())
    return [answer for answer in found if answer is not None]


def _fields(said: Struct) -> dict[str, object]:
    """Return values as they came; what is nested deeper than an answer can be is left out.

    Not by json_format, which refuses numbers that JSON has no word for (NaN, infinity): they say
    nothing, and the rest still counts.
    """
    return {name: _said(value) for name, value in said.fields.items()}


def _said(value: Value) -> object:
    match value.WhichOneof("kind"):
        case "struct_value":
            fields = value.struct_value.fields
            return {name: _simple(each) for name, each in fields.items()}
        case "list_value":
            return [_simple(each) for each in value.list_value.values]
        case _:
            return _simple(value)


def _simple(value: Value) -> object:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return value.number_value
        case "bool_value":
            return value.bool_value
        case _:
            return None

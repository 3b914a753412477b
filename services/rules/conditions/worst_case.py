"""The largest input of a condition: every list, map and text as long as it can become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from google.protobuf.descriptor import FieldDescriptor

from services.rules.conditions.cost import CANDIDATES
from services.rules.conditions.variables import MESSAGES
from services.rules.domain.columns import COLUMNS
from services.rules.domain.values import Maps, Words
from shared.conditions.bounds import LONGEST_TEXT, most_elements
from shared.conditions.journeys import EVENT_MESSAGES

_KEYS = re.compile(r"""["']([^"']*)["']|[.](\w+)""")
_ALL = {**MESSAGES, **EVENT_MESSAGES}
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class WorstCase:
    """200 candidates' columns and a request's variables."""

    def __init__(self, condition: str) -> None:
        """Take a condition's text: its words are keys that every map has."""
        keys = [quoted or word for quoted, word in _KEYS.findall(condition)]
        self._messages = {**{name: _message(name, keys) for name in _ALL}, "now": NOW}
        self._columns = {name: _column(name, keys) for name in COLUMNS}

    def __len__(self) -> int:
        return CANDIDATES

    def __getitem__(self, name: str) -> Any:
        """Return the column of `offer.stock` and the like."""
        return self._columns[name]

    def field(self, name: str) -> Any:
        """Return the value of `customer.age` and the like."""
        variable, _, field = name.partition(".")
        return getattr(self._messages[variable], field)

    def messages(self) -> Mapping[str, Any]:
        """Return all variables as CEL takes them."""
        return self._messages


def _text(number: int) -> str:
    """Return one of many texts that differ at their ends only."""
    return f"{number:>0{LONGEST_TEXT}d}"


def _message(variable: str, keys: Sequence[str]) -> Any:
    fields = _ALL[variable].DESCRIPTOR.fields
    return _ALL[variable](**{field.name: _value(variable, field, keys) for field in fields})


def _value(variable: str, field: Any, keys: Sequence[str]) -> Any:
    count = most_elements(f"{variable}.{field.name}")
    if not field.is_repeated:
        return _single(field, 0)
    if field.message_type is None:
        return [_single(field, number) for number in range(count)]
    value = field.message_type.fields_by_name["value"]
    known = [*dict.fromkeys(keys), *map(_text, range(count))][:count]
    return {key: _single(value, number) for number, key in enumerate(known)}


def _single(field: Any, number: int) -> Any:
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return _text(number)
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        return NOW
    return number + 1 if field.cpp_type != FieldDescriptor.CPPTYPE_BOOL else True


def _column(name: str, keys: Sequence[str]) -> Any:
    variable, _, own = name.partition(".")
    field: Any = MESSAGES[variable].DESCRIPTOR.fields_by_name[own]
    if field.is_repeated:
        return Maps([_value(variable, field, keys)] * CANDIDATES)
    values = [_single(field, number) for number in range(CANDIDATES)]
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return Words(np.arange(CANDIDATES), values)
    return np.array(values)

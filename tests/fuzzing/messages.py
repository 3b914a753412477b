"""Draws messages of a contract: mostly such as might be meant, with extremes among them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import Message
from hypothesis import strategies as st

from tests.fuzzing.known import SERIALISED, TEXTS

_DEPTH = 6
"""Below it only plain fields are filled."""
_LONG = 60_000
"""Of a text: much, yet so that several fit into a request."""
_LARGE = 1 << 21
"""Bytes of a list: lists within lists would else be more than fits into a machine."""
_INT32, _INT64 = 1 << 31, 1 << 63
_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-_INT32, _INT32 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-_INT64, _INT64 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2 * _INT32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2 * _INT64 - 1),
    FieldDescriptor.CPPTYPE_ENUM: (-_INT32, _INT32 - 1),
}
_ODD_TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "\0", "a\0b", "'; DROP TABLE x; --", "\u202e", "😀" * 40, "%s%n", "../..", "\n", "1"]
    ),
    st.sampled_from([129, 4_096, _LONG]).map(lambda size: "x" * size),
)
_ANY_BYTES = st.binary(max_size=40)
_NOW_S = int(time.time())


@dataclass(frozen=True, slots=True)
class Mood:
    """How much of a request is odd: what is wrong in many places goes no further than the first."""

    odd_of_20: int
    """So many of twenty values are odd."""
    filled_of_10: int
    """So many of ten fields are filled."""


_MOODS = [Mood(0, 10), Mood(0, 5), Mood(1, 9), Mood(1, 6), Mood(10, 7)]


def requests(of: Descriptor, known: Sequence[Message] = ()) -> st.SearchStrategy[bytes]:
    """Draw serialised messages of a type: of three two that are known to be good, but for a bit."""
    found = st.sampled_from(_MOODS).flatmap(lambda mood: messages(of, mood))
    if known:
        found = st.one_of(found, _altered(known), _altered(known))
    return found.map(lambda drawn: drawn.SerializeToString())


@st.composite
def _altered(draw: Any, known: Sequence[Message]) -> Message:
    """Draw a copy of a message with a few of its fields filled anew, some of them deep in it."""
    kept = draw(st.sampled_from(known))
    found = type(kept)()
    found.CopyFrom(kept)
    mood = draw(st.sampled_from(_MOODS))
    for _ in range(draw(st.integers(0, 3))):
        into, depth = found, 0
        inner = _messages_in(into)
        while inner and draw(st.booleans()):
            into, depth = draw(st.sampled_from(inner)), depth + 1
            inner = _messages_in(into)
        field = draw(st.sampled_from(list(into.DESCRIPTOR.fields)))
        into.ClearField(field.name)
        if draw(st.integers(0, 4)):
            _Filling(draw, mood, depth).fill(into, field)
    return found


def _messages_in(message: Message) -> list[Message]:
    """Return the messages that a message holds, lists' entries among them."""
    found: list[Message] = []
    for field, value in message.ListFields():
        if field.cpp_type != FieldDescriptor.CPPTYPE_MESSAGE:
            continue
        if not field.is_repeated:
            found.append(value)
        elif not field.message_type.GetOptions().map_entry:
            found.extend(value)
    return [each for each in found if each.DESCRIPTOR.fields]


@st.composite
def messages(draw: Any, of: Descriptor, mood: Mood, depth: int = 0) -> Message:
    """Draw a message of a type, with fewer of its fields the deeper it is in another."""
    found = message_factory.GetMessageClass(of)()
    if of.full_name == "google.protobuf.Timestamp":
        found.seconds, found.nanos = draw(_instants(mood))
        return found
    met: set[str] = set()
    for field in of.fields:
        group = field.containing_oneof
        if group is not None and group.name in met:
            continue
        if draw(st.integers(1, 10)) <= mood.filled_of_10 - depth:
            _Filling(draw, mood, depth).fill(found, field)
            met.update([group.name] if group is not None else [])
    return found


@st.composite
def _instants(draw: Any, mood: Mood) -> tuple[int, int]:
    """Draw seconds and nanoseconds: of these days, mostly, else as far off as can be written."""
    if not draw(_is_odd(mood)):
        return _NOW_S - draw(st.integers(0, 10**6)), 0
    seconds = draw(st.sampled_from([0, -1, -62135596800, 253402300799, _INT64 - 1, -_INT64]))
    return seconds, draw(st.sampled_from([0, 999_999_999, -1, _INT32 - 1]))


def _is_odd(mood: Mood) -> st.SearchStrategy[bool]:
    return st.integers(0, 19).map(lambda drawn: drawn < mood.odd_of_20)


class _Filling:
    """Fills fields of one message."""

    def __init__(self, draw: Any, mood: Mood, depth: int) -> None:
        self._draw = draw
        self._mood = mood
        self._depth = depth

    def fill(self, into: Message, field: FieldDescriptor) -> None:
        is_message = field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE
        if is_message and self._depth >= _DEPTH:
            return
        if is_message and field.message_type.GetOptions().map_entry:
            self._fill_map(into, field)
        elif field.is_repeated:
            getattr(into, field.name).extend(self._entries(field))
        elif is_message:
            getattr(into, field.name).CopyFrom(self._value(field))
        else:
            setattr(into, field.name, self._value(field))

    def _entries(self, field: FieldDescriptor) -> list[Any]:
        counts = [0, 70, 1_100] if self._draw(_is_odd(self._mood)) else [1, 1, 2, 3]
        count = self._draw(st.sampled_from(counts))
        values = [self._value(field) for _ in range(min(count, 3))]
        # Many of them are one of them again: drawing each would only take longer.
        room = _LARGE // max(1, _size(values[0])) if values else 0
        return values + values[:1] * min(max(0, count - 3), room)

    def _fill_map(self, into: Message, field: FieldDescriptor) -> None:
        entry = field.message_type
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        held = getattr(into, field.name)
        for _ in range(self._draw(st.sampled_from([1, 2, 0]))):
            name = self._value(key)
            if value.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
                held[name].CopyFrom(self._value(value))
            else:
                held[name] = self._value(value)

    def _value(self, field: FieldDescriptor) -> Any:
        if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
            return self._draw(messages(field.message_type, self._mood, self._depth + 1))
        if field.type == FieldDescriptor.TYPE_BYTES and field.name in SERIALISED:
            return self._serialised(field)
        usual, odd = _plain(field)
        return self._draw(odd if self._draw(_is_odd(self._mood)) else usual)

    def _serialised(self, field: FieldDescriptor) -> bytes:
        if self._draw(_is_odd(self._mood)):
            return self._draw(_ANY_BYTES)
        inner = Default().FindMessageTypeByName(SERIALISED[field.name])
        return self._draw(messages(inner, self._mood, self._depth + 1)).SerializeToString()


def _size(value: Any) -> int:
    """Return about how many bytes a value takes."""
    if isinstance(value, Message):
        return value.ByteSize()
    return len(value) if isinstance(value, str | bytes) else 8


_Pair = tuple[st.SearchStrategy[Any], st.SearchStrategy[Any]]


@cache
def _plain(field: FieldDescriptor) -> _Pair:
    """Return what is drawn for a field that holds no message: usual values, and odd ones."""
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return st.booleans(), st.booleans()
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return st.floats(0, 1, width=32), st.floats(width=32)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return st.binary(min_size=16, max_size=16), _ANY_BYTES
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return st.sampled_from(TEXTS.get(field.name, ["a", "x-1", "web", "new"])), _ODD_TEXTS
    return _numbers(field)


def _numbers(field: FieldDescriptor) -> _Pair:
    low, high = _BOUNDS[field.cpp_type]
    usual = st.integers(0, 50)
    if field.enum_type is not None:
        usual = st.sampled_from([value.number for value in field.enum_type.values])
    return usual, st.sampled_from([low, high, low + 1, max(low, -1), 0, 1_000_000])

"""Finds in a request the times and durations that no calendar has, before anybody uses them.

A `google.protobuf.Timestamp` holds any number of seconds on the wire; what lies outside of the
years 1 to 9999 raises in whatever converts it. Entries of lists are left to whoever takes the
list: of events, items and the like the wrong one is rejected and the others are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message

from shared.errors import FieldViolation

_FIRST_S, _LAST_S = -62_135_596_800, 253_402_300_799
"""From the beginning of year 1 to the end of year 9999, in UTC."""
_LONGEST_S = 315_576_000_000
"""Ten thousand years, as the type's own definition has it."""
_NANOS = 1_000_000_000


def wrong_times(request: Message) -> list[FieldViolation]:
    """Return every time and duration of a request that cannot be one, with its path."""
    found: list[FieldViolation] = []
    _look(request, "", found)
    return found


def _look(message: Message, path: str, found: list[FieldViolation]) -> None:
    for name, wrong in _times_of(message.DESCRIPTOR):
        if not message.HasField(name):
            continue
        inner: Any = getattr(message, name)
        if wrong is None:
            _look(inner, f"{path}{name}.", found)
        elif told := wrong(inner):
            found.append(FieldViolation(path + name, told))


def _wrong_instant(time: Any) -> str:
    if _FIRST_S <= time.seconds <= _LAST_S and 0 <= time.nanos < _NANOS:
        return ""
    return "must be of the years 1 to 9999"


def _wrong_duration(duration: Any) -> str:
    agree = duration.seconds == 0 or duration.nanos == 0
    agree = agree or (duration.seconds > 0) == (duration.nanos > 0)
    if agree and abs(duration.seconds) <= _LONGEST_S and abs(duration.nanos) < _NANOS:
        return ""
    return "must be a duration of at most 10,000 years"


_Wrong = Callable[[Any], str]
_JUDGES: dict[str, _Wrong] = {
    "google.protobuf.Timestamp": _wrong_instant,
    "google.protobuf.Duration": _wrong_duration,
}


@cache
def _times_of(of: Descriptor) -> Sequence[tuple[str, _Wrong | None]]:
    """Return the fields that are times, each with its judge, and those that lead to such."""
    found: list[tuple[str, _Wrong | None]] = []
    for field in of.fields:
        kind = field.message_type
        if kind is None or field.is_repeated:
            continue
        judge = _JUDGES.get(kind.full_name)
        if judge is not None or _leads_to_a_time(kind, frozenset({of.full_name})):
            found.append((field.name, judge))
    return found


def _leads_to_a_time(of: Descriptor, seen: frozenset[str]) -> bool:
    if of.full_name in _JUDGES:
        return True
    if of.full_name in seen:
        return False
    further = (f.message_type for f in of.fields if not f.is_repeated)
    return any(_leads_to_a_time(f, seen | {of.full_name}) for f in further if f is not None)

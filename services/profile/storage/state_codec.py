"""A state as the bytes of one row: read whole to decide, or part by part to be changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from services.profile.domain import log
from services.profile.domain.interest import MAX_KEPT
from services.profile.domain.state import State
from services.profile.domain.tallies import MAX_TYPES
from services.profile.storage.state_log import append
from services.profile.storage.state_parts import PARTS
from touchpoint.profile.v1.state_pb2 import (
    InterestState,
    ProfileState,
)

SCHEMA_NUMBER = 1
_NUMBERS = {name: field.number for name, field in ProfileState.DESCRIPTOR.fields_by_name.items()}
_WITHIN = {
    _NUMBERS[field]: (name, part.read)
    for name, part in PARTS.items()
    for field in part.fields
    if part.read is not None
}
"""By the number of its field, a part that is a message of its own."""
_BESIDE = {
    _NUMBERS[field]: (name, part.decode)
    for name, part in PARTS.items()
    for field in part.fields
    if part.read is None
}
"""By the number of each of its fields, a part that lies in several."""


class UnknownStateError(Exception):
    """A state was written by a later version of this service than this one."""


class StoredState(State):
    """A state that lies in its row until a part of it is asked for."""

    __slots__ = ("_read", "_stored")

    def __init__(self, stored: ProfileState) -> None:
        self._stored = stored
        self._read: set[str] = set()
        self.arrived = []

    def __getattr__(self, part: str) -> Any:
        """Read a part: called by Python only while its slot is empty."""
        if part not in PARTS:
            raise AttributeError(part)
        value = PARTS[part].decode(self._stored)
        setattr(self, part, value)
        self._read.add(part)
        return value

    @property
    def parts(self) -> Collection[str]:
        return self._read

    def take_interest(self, part: str, subject: str, weight: float) -> None:
        """Add to the stored weight where it lies, unless it is a new subject of too many."""
        if part in self._read:
            super().take_interest(part, subject, weight)
            return
        stored: InterestState = getattr(self._stored, part)
        subjects = stored.subjects[:]
        try:
            stored.weights[subjects.index(subject)] += weight
        except ValueError:
            if len(subjects) >= MAX_KEPT:
                super().take_interest(part, subject, weight)
            else:
                stored.subjects.append(subject)
                stored.weights.append(weight)

    def tally(self, kind: str, value_micros: int) -> None:
        """Count where the tally lies, unless it is a new type of too many."""
        if "tallies" in self._read:
            super().tally(kind, value_micros)
            return
        stored = self._stored.tallies
        types = stored.types[:]
        if kind in types:
            place = types.index(kind)
            stored.counts[place] += 1
            if value_micros:
                stored.value_micros[place] += value_micros
        elif len(types) >= MAX_TYPES:
            super().tally(kind, value_micros)
        else:
            stored.types.append(kind)
            stored.counts.append(1)
            stored.value_micros.append(value_micros)

    def count_habits(self, numbers: Sequence[int], weight: float) -> None:
        """Add to the stored weights where they lie."""
        if "habits" in self._read:
            super().count_habits(numbers, weight)
            return
        stored = self._stored.habits
        known, weights = stored.numbers[:], stored.weights
        for number in numbers:
            if number in known:
                weights[known.index(number)] += weight
            else:
                stored.numbers.append(number)
                weights.append(weight)

    def put_back(self) -> ProfileState:
        """Return the row with the parts that were read as they are now."""
        stored = self._stored
        if self.arrived and not ("past" in self._read or append(stored.log, self.arrived)):
            self._read.add("past")
            self.past = PARTS["past"].decode(stored)
        if "past" in self._read:
            log.prune(self.log)
        for part in self._read:
            for field in PARTS[part].fields:
                stored.ClearField(field)  # type: ignore[arg-type]
            PARTS[part].encode(stored, getattr(self, part))
        self.arrived = []
        return stored


def decode(data: bytes) -> State:
    """Return the state of a row, to be changed; a part is read when it is first asked for.

    An empty row is that of a person nothing is known of.
    """
    return StoredState(_parse(data)) if data else State()


def decode_whole(data: bytes) -> State:
    """Return the state of a row, to be looked at from all sides; what is there is read at once."""
    state = State()
    if data:
        stored = _parse(data)
        beside = {}
        for field, value in stored.ListFields():
            number = field.number
            if number in _WITHIN:
                name, read = _WITHIN[number]
                setattr(state, name, read(value))
            elif number in _BESIDE:
                name, read = _BESIDE[number]
                beside[name] = read
        for name, read in beside.items():
            setattr(state, name, read(stored))
    return state


def _parse(data: bytes) -> ProfileState:
    stored = ProfileState.FromString(data)
    if stored.schema_number != SCHEMA_NUMBER:
        raise UnknownStateError(
            f"profile state of schema {stored.schema_number}, this version reads {SCHEMA_NUMBER}"
        )
    return stored


def encode(state: State) -> bytes:
    """Return the row of a state; only what is there, or has changed, takes time."""
    if isinstance(state, StoredState):
        return state.put_back().SerializeToString()
    stored = ProfileState(schema_number=SCHEMA_NUMBER)
    _ = state.log  # what arrived is put in order
    for name, part in PARTS.items():
        part.encode(stored, getattr(state, name))
    return stored.SerializeToString()

"""Reads the snapshot of a person that a request carries, once for each service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import DecodeError

from shared.errors import FieldViolation, InvalidArgument
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot

_COLUMNS: Sequence[tuple[str, Sequence[str], bool]] = (
    ("declined", ("family_nos", "offer_nos", "times_us"), False),
    ("owned", ("family_nos", "last_minutes", "times", "cycle_days"), True),
)
"""Message, its columns, and whether all but the first may be left out."""


def snapshot_of(data: bytes) -> PersonSnapshot:
    """Decode a snapshot; raises InvalidArgument for what is none or does not agree with itself."""
    try:
        snapshot = PersonSnapshot.FromString(data)
    except DecodeError:
        raise InvalidArgument([FieldViolation("snapshot", "is no PersonSnapshot")]) from None
    for name, columns, may_lack in _COLUMNS:
        if snapshot.HasField(name):  # type: ignore[arg-type]
            _agree(getattr(snapshot, name), name, columns, may_lack)
    return snapshot


def _agree(message: Any, name: str, columns: Sequence[str], may_lack: bool) -> None:
    count = len(getattr(message, columns[0]))
    for column in columns[1:]:
        size = len(getattr(message, column))
        if size != count and (size or not may_lack):
            told = f"has {size} entries for {count} of {columns[0]}"
            raise InvalidArgument([FieldViolation(f"snapshot.{name}.{column}", told)])

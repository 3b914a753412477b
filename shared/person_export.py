"""Everything that a service keeps of one person, table by table, as JSON for machines."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from shared.call import Call
from shared.errors import PermissionDenied
from shared.postgres import Database

_MOST_ROWS = 500
_MOST_CHARACTERS = 256 * 1024
"""Of one message, unless a single row is longer."""

Rows = tuple[str, list[str]]
"""A table, and some of its rows as JSON."""
Read = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Makes of a row what a person may read: bytes opened, numbers left as they are."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A table with rows about persons."""

    table: str
    query: str
    """Takes what `kept_rows` is given."""
    read: Read = dict


def demand_permission(call: Call) -> None:
    """Raise PermissionDenied unless the caller may export persons."""
    if not call.caller.may_export:
        raise PermissionDenied(
            "this caller may not export persons; TOUCHPOINT_MAY_EXPORT names those that may",
            reason="MAY_NOT_EXPORT",
        )


async def kept_rows(
    database: Database, kept: Iterable[Kept], *asked: object
) -> AsyncIterator[Rows]:
    """Yield the rows of each table that are about whom was asked for."""
    for each in kept:
        found = await database.fetch(each.query, *asked)
        for rows in slices(each.read(row) for row in found):
            yield each.table, rows


def slices(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield rows as JSON, as many together as fit into a message."""
    some: list[str] = []
    size = 0
    for row in rows:
        text = json.dumps(row, ensure_ascii=False, default=_plain)
        if some and (len(some) == _MOST_ROWS or size + len(text) > _MOST_CHARACTERS):
            yield some
            some, size = [], 0
        some.append(text)
        size += len(text)
    if some:
        yield some


def opened(**messages: type[Message]) -> Read:
    """Return what reads a row in which some columns hold serialised messages."""

    def read(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**row, **{name: _said(kind, row[name]) for name, kind in messages.items()}}

    return read


def _said(kind: type[Message], data: bytes | None) -> Any:
    return None if data is None else plain_message(kind.FromString(data))


def plain_message(message: Message) -> dict[str, Any]:
    """Return a message as JSON has it, its fields named as in its definition."""
    return MessageToDict(message, preserving_proto_field_name=True)


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Message):
        return plain_message(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON")

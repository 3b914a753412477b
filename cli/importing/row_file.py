"""What a file of rows is, whatever it is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

Row = Mapping[str, Any]
Advance = Callable[[int], None]
"""Told how many more units of a file's `size` have been read."""

BATCH_ROWS = 5_000


class BrokenFileError(Exception):
    """The file cannot be read as what it claims to be; nothing of it was applied."""


class BadCell(NamedTuple):
    """A cell that makes its row unusable before it is looked at as what it should be."""

    column: str
    value: str
    reason: str


class RowFile(Protocol):
    """A file of rows."""

    @property
    def size(self) -> int:
        """How much there is to read, in units of its own."""

    def columns(self) -> frozenset[str] | None:
        """Return the columns, None where each row says its own; raises BrokenFileError."""

    def check(self) -> None:
        """Read all of it for form alone; raises BrokenFileError."""

    def rows(self, advance: Advance = ...) -> Iterator[tuple[int, Row | BadCell | str]]:
        """Read rows with their numbers; instead of a row comes what is wrong with all of it."""


def silent(_: int) -> None:
    """Advance without telling anybody."""


def checked_header(path: object, header: list[str]) -> frozenset[str]:
    """Return the columns of a header; raises BrokenFileError for one that names none, or twice."""
    twice = {name for name in header if header.count(name) > 1}
    if not any(header) or twice:
        what = f"has column {min(twice)!r} twice" if twice else "must name the columns"
        raise BrokenFileError(f"{path}: its first line {what}")
    return frozenset(header)

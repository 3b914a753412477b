"""What a table of an export is: its columns, what each means, and how it grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

Values = Mapping[str, Sequence[Any]]
"""Columns of equal length by name."""


class Type(StrEnum):
    """What a column holds, in the words of the data dictionary."""

    TEXT = "text"
    TEXTS = "list of text"
    NUMBER = "number"
    NUMBERS = "list of number"
    WHOLE = "whole number"
    YES = "true or false"
    MONEY = "money, 6 decimals"
    TIME = "time, UTC, microseconds"
    JSON = "JSON, as text"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    type: Type
    text: str
    is_personal: bool = False
    """Says who somebody is: null unless the export stays in the house."""
    is_derived: bool = False
    """Found out from other tables: whoever reads an export back does not need it."""
    is_later: bool = False
    """Exports made before it was added lack it, and are read as if it were empty."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table; its files lie in a folder per day."""

    name: str
    text: str
    columns: Sequence[Column]
    day: str = ""
    """The column whose day a row is filed under, of a log that only grows; empty: the table is
    written anew by each export and filed under that day."""

    @property
    def is_log(self) -> bool:
        return bool(self.day)

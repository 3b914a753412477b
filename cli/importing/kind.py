"""One kind of file: its columns, and how a row becomes a message or is refused by its column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import Message

from cli.importing import cells
from cli.importing.attributes import is_torn
from cli.importing.row_file import Row

IDENTITY = "identity "
"""Begins the fields that hold one identity of a kind."""
ATTRIBUTE = "attr."
"""Prefix of the columns that are the caller's own."""
OWNER = "owner."
"""Prefix of the columns that say who looks after a customer."""
QUESTION = "question."
"""Prefix of the columns that hold the answers to one question each."""

Fields = dict[str, Any]
Columns = Mapping[str, tuple[str, cells.Read]]
"""Column to the field it fills and how its cells are read."""


class CellError(Exception):
    """A cell, or the lack of one, makes its row unusable."""

    def __init__(self, column: str, reason: str, value: object = "") -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason
        self.value = str(value)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file."""

    name: str
    columns: Columns
    required: Sequence[str]
    """Columns that every row must fill; one of the parts where `a|b` is said."""
    finish: Callable[[Fields, Fields], Message]
    """Makes the message of the fields and of the caller's own attributes; may raise CellError."""
    has_owners: bool = False
    """Whether columns may say who looks after somebody."""
    has_questions: bool = False
    """Whether columns may hold the answers to one question each; they are taken apart before."""
    only_type: str = ""
    """Of events: the one type that they may have; empty: any."""
    are_events: bool = False
    """Rows go as columns, see `event_rows`."""
    is_plain: bool = True
    """Each column is a field of the event: rows may be read column by column."""
    needed: frozenset[str] = field(init=False)
    """The fields without which a row is refused."""

    def __post_init__(self) -> None:
        single = [name for name in self.required if "|" not in name]
        object.__setattr__(self, "needed", frozenset(self.columns[name][0] for name in single))

    def check_columns(self, found: frozenset[str]) -> list[str]:
        """Return what is wrong with a header, in sentences."""
        unknown = sorted(name for name in found if not self.knows(name))
        problems = [f"column {name!r} is not known; {self.known()}" for name in unknown]
        lacking = [wanted for wanted in self.required if found.isdisjoint(wanted.split("|"))]
        return problems + [f"column {name.replace('|', ' or ')} is missing" for name in lacking]

    def build(self, row: Row) -> Message:
        """Make the message of a row; raises CellError."""
        fields: Fields = {}
        attributes: Fields = {}
        columns = self.columns
        for name, cell in row.items():
            if cell is None or cell == "":
                continue
            if name in columns:
                filled, read = columns[name]
                try:
                    fields[filled] = read(cell)
                except ValueError as error:
                    raise CellError(name, str(error), cell) from None
            elif name.startswith(ATTRIBUTE):
                attributes[name.removeprefix(ATTRIBUTE)] = cell
            elif self.has_owners and name.startswith(OWNER):
                fields.setdefault("owners", {})[name.removeprefix(OWNER)] = str(cell)
            else:
                raise CellError(name, f"is not known; {self.known()}", cell)
        if not self.needed <= fields.keys():
            missing = min(self.needed - fields.keys())
            raise CellError(missing.removeprefix(IDENTITY), "is missing")
        try:
            return self.finish(fields, attributes)
        except ValueError:
            raise _unsendable(row) from None

    def knows(self, name: str) -> bool:
        prefixes = [ATTRIBUTE]
        prefixes += [OWNER] if self.has_owners else []
        prefixes += [QUESTION] if self.has_questions else []
        own = any(name.startswith(prefix) and name != prefix for prefix in prefixes)
        return name in self.columns or own

    def known(self) -> str:
        owners = f", who looks after them as {OWNER}ROLE" if self.has_owners else ""
        questions = f", answers to one question as {QUESTION}NAME" if self.has_questions else ""
        columns = ", ".join(self.columns)
        return f"there are {columns}{owners}{questions}, and your own as {ATTRIBUTE}NAME"


def _unsendable(row: Row) -> CellError:
    """Say which cell of a row cannot be put into a message: JSON writes halves of a character."""
    for name, cell in row.items():
        if is_torn(name) or is_torn(cell):
            return CellError(name, "holds half of a character (a surrogate without its other)")
    return CellError("", "cannot be put into a message")

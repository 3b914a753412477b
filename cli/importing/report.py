"""What became of a file, row by row."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

_TOLD = 1_000
"""Errors listed for machines; the rest is only counted."""
_LONGEST = 300
"""Characters of what is told of a cell: one may be as long as a file."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""With what a spreadsheet begins to calculate."""
_NUMBER = re.compile(r"[+-]?[\d.,]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was refused; nothing of it is stored."""

    row: int
    """Its number in the file: the line of JSON Lines, the spreadsheet's row of CSV and Parquet
    (the header is row 1); 0: of an export, whose rows are told by their ids."""
    column: str
    """Empty where the whole row is at fault."""
    reason: str
    value: str = ""
    """What stands there; empty where a service refused the row, or nothing does. Cut off, like
    all texts of it, where it is very long."""

    def __post_init__(self) -> None:
        for name in ("column", "reason", "value"):
            object.__setattr__(self, name, _shown(getattr(self, name)))

    def __str__(self) -> str:
        said = f" (there stands {self.value[:60]!r})" if self.value not in self.reason else ""
        where = filter(None, (f"row {self.row}" if self.row else "", self.column))
        return f"{', '.join(where)}: {self.reason}{said}"


def _shown(text: str) -> str:
    """Return a text that can be shown anywhere: cut off, and nothing of it half a character."""
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return text.encode(errors="replace").decode()


def _nowhere(_: RowError) -> None:
    return None


@dataclass(slots=True)
class Report:
    """Counts and errors of one import; `applied` rows are durable."""

    rows: int = 0
    applied: int = 0
    duplicates: int = 0
    """Were there already, with the same content."""
    refused: int = 0
    errors: list[RowError] = field(default_factory=list)
    persons: int = 0
    """Whose traits were computed anew."""
    parked: int = 0
    """Events that are in the log and could not be counted in a profile."""
    seconds: float = 0.0
    dry_run: bool = False
    """Nothing was written: the counts are of what would be."""
    was_asked: bool = True
    """The services' own checks are in it; else only the file was looked at."""
    skipped: int = 0
    """Rows that an earlier attempt has settled."""
    stopped: str = ""
    """Why not all of the file was sent; empty: it was."""

    sink: Callable[[RowError], None] = field(default=_nowhere, repr=False)
    """Told every refused row, however many there are."""

    @property
    def is_good(self) -> bool:
        return not self.refused and not self.stopped

    def refuse(self, error: RowError) -> None:
        """Count a refused row and keep what is needed to mend it."""
        self.refused += 1
        self.sink(error)
        if len(self.errors) < _TOLD:
            self.errors.append(error)

    def as_json(self) -> dict[str, Any]:
        self.errors.sort(key=lambda error: error.row)
        told = asdict(replace(self, sink=_nowhere))
        del told["sink"]
        return told | {"rows_per_s": round(self.rows / self.seconds) if self.seconds else 0}


@contextmanager
def error_file(path: Path | None) -> Iterator[Callable[[RowError], None]]:
    """Lend what writes refused rows into a file of CSV, all of them; nowhere without a file."""
    if path is None:
        yield _nowhere
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("row", "column", "value", "reason"))
        yield lambda error: writer.writerow(
            (error.row, *map(_harmless, (error.column, error.value, error.reason)))
        )


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula (OWASP, "CSV injection")."""
    return f"'{text}" if text.startswith(_FORMULAS) and not _NUMBER.fullmatch(text) else text

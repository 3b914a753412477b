"""What became of a file, row by row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

_TOLD = 1_000
"""Errors listed for machines; the rest is only counted."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that was refused; nothing of it is stored."""

    row: int
    """Its number in the file: the line of JSON Lines, the spreadsheet's row of CSV and Parquet
    (the header is row 1)."""
    column: str
    """Empty where the whole row is at fault."""
    reason: str

    def __str__(self) -> str:
        where = f"row {self.row}, {self.column}" if self.column else f"row {self.row}"
        return f"{where}: {self.reason}"


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
    stopped: str = ""
    """Why not all of the file was sent; empty: it was."""

    @property
    def is_good(self) -> bool:
        return not self.refused and not self.stopped

    def refuse(self, error: RowError) -> None:
        """Count a refused row and keep what is needed to mend it."""
        self.refused += 1
        if len(self.errors) < _TOLD:
            self.errors.append(error)

    def as_json(self) -> dict[str, Any]:
        self.errors.sort(key=lambda error: error.row)
        told = asdict(self)
        return told | {"rows_per_s": round(self.rows / self.seconds) if self.seconds else 0}

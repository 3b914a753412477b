"""Reads CSV, JSON Lines and Parquet as rows, and refuses a broken file before its first row."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Row = Mapping[str, Any]
Advance = Callable[[int], None]
"""Told how many more units of a file's `size` have been read."""

_CELL_LIMIT = 1_000_000
_BATCH_ROWS = 5_000
_BOM = b"\xef\xbb\xbf"


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


def open_rows(path: Path) -> RowFile:
    """Choose the reader by the file's ending; raises BrokenFileError for what cannot be read."""
    readers: Mapping[str, Callable[[Path], RowFile]] = {
        ".csv": CsvFile,
        ".jsonl": JsonLinesFile,
        ".ndjson": JsonLinesFile,
        ".parquet": ParquetFile,
    }
    if not path.is_file():
        raise BrokenFileError(f"{path} is not a file")
    if path.suffix.lower() not in readers:
        known = ", ".join(readers)
        raise BrokenFileError(f"{path}: the name must end in one of {known}, to say what it is")
    return readers[path.suffix.lower()](path)


def digest(path: Path) -> str:
    """Return a name for the file's content: repeating an import continues the same one."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:32]


def _silent(_: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class JsonLinesFile:
    """One JSON object per line; size in bytes."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def columns(self) -> frozenset[str] | None:
        return None

    def check(self) -> None:
        for number, line in self._lines(_silent):
            try:
                found = json.loads(str(line, "utf-8").rstrip())
            except UnicodeDecodeError as error:
                raise BrokenFileError(f"{self.path}:{number}: {_not_utf8(error)}") from None
            except ValueError as error:
                column = getattr(error, "colno", 1)
                what = getattr(error, "msg", str(error))
                raise BrokenFileError(f"{self.path}:{number}:{column}: {what}") from None
            if not isinstance(found, dict):
                raise BrokenFileError(f"{self.path}:{number}:1: must be a JSON object: {{…}}")

    def rows(self, advance: Advance = _silent) -> Iterator[tuple[int, Row | str]]:
        loads = json.loads
        for number, line in self._lines(advance):
            yield number, loads(str(line, "utf-8"))  # bytes would have their encoding guessed

    def _lines(self, advance: Advance) -> Iterator[tuple[int, bytes]]:
        with self.path.open("rb") as file:
            read = 0
            for number, line in enumerate(file, 1):
                read += len(line)
                if read > 1 << 18:
                    advance(read)
                    read = 0
                content = line.removeprefix(_BOM) if number == 1 else line
                if not content.isspace():
                    yield number, content
            advance(read)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """Comma-separated values with a header; size in bytes."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def columns(self) -> frozenset[str] | None:
        _, header = next(self._records(_silent), (1, []))
        twice = {name for name in header if header.count(name) > 1}
        if not any(header) or twice:
            what = f"has column {min(twice)!r} twice" if twice else "must name the columns"
            raise BrokenFileError(f"{self.path}: its first line {what}")
        return frozenset(header)

    def check(self) -> None:
        for _ in self._records(_silent):
            pass

    def rows(self, advance: Advance = _silent) -> Iterator[tuple[int, Row | str]]:
        records = self._records(advance)
        _, header = next(records)
        for number, cells in records:
            if len(cells) != len(header):
                yield number, f"has {len(cells)} cells where the header has {len(header)}"
            else:
                yield number, dict(zip(header, cells, strict=True))

    def _records(self, advance: Advance) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(_CELL_LIMIT)
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(_counted(file, advance), strict=True)
            try:
                for number, cells in enumerate(reader, 1):
                    if cells:
                        yield number, cells
            except csv.Error as error:
                raise BrokenFileError(f"{self.path}:{reader.line_num}: {error}") from None
            except UnicodeDecodeError as error:
                line = reader.line_num + 1
                raise BrokenFileError(f"{self.path}:{line}: {_not_utf8(error)}") from None


def _counted(lines: Iterable[str], advance: Advance) -> Iterator[str]:
    for line in lines:
        advance(len(line))
        yield line


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """Apache Parquet, read through pyarrow; size in rows."""

    path: Path

    @property
    def size(self) -> int:
        return int(self._open().metadata.num_rows)

    def columns(self) -> frozenset[str] | None:
        return frozenset(self._open().schema_arrow.names)

    def check(self) -> None:
        self._open()

    def rows(self, advance: Advance = _silent) -> Iterator[tuple[int, Row | str]]:
        number = 1
        file = self._open()
        names = file.schema_arrow.names
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            columns = [_without_zone(column).to_pylist() for column in batch.columns]
            for cells in zip(*columns, strict=True):
                number += 1
                yield number, dict(zip(names, cells, strict=True))
            advance(batch.num_rows)

    def _open(self) -> Any:
        try:
            import pyarrow.parquet as parquet
        except ImportError:
            raise BrokenFileError(
                "Parquet needs pyarrow: pip install 'touchpoint-server[parquet]'"
            ) from None
        from pyarrow import ArrowException

        try:
            return parquet.ParquetFile(self.path)
        except (ArrowException, OSError) as error:
            raise BrokenFileError(f"{self.path}: {error}") from None


def _without_zone(column: Any) -> Any:
    """Return instants as UTC without a zone: making a zone for each costs more than all else."""
    from pyarrow import timestamp, types

    if types.is_timestamp(column.type) and column.type.tz is not None:
        return column.cast(timestamp(column.type.unit))
    return column


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"is not UTF-8: byte 0x{error.object[error.start]:02x} cannot stand there"

"""Reads CSV and JSON Lines as rows, and refuses a broken file before its first row."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import Any

from cli.importing.parquet_file import ParquetFile
from cli.importing.row_file import Advance, BrokenFileError, Row, RowFile, checked_header, silent

_CELL_LIMIT = 1_000_000
_LINE_LIMIT = 4_000_000
"""A row that is longer fits no request; nor is it read into memory as a whole."""
_TOO_LONG = f"is longer than {_LINE_LIMIT:,} bytes"
_TOLD_EVERY = 1 << 18
"""Bytes; to tell of each row would cost more than to read it."""
_BOM = b"\xef\xbb\xbf"
_OTHER_SEPARATORS = (";", "\t", "|")


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
        for number, line in self._lines(silent):
            if line is not None:
                self._check(number, line)

    def _check(self, number: int, line: bytes) -> None:
        try:
            found = json.loads(str(line, "utf-8").rstrip())
        except UnicodeDecodeError as error:
            raise BrokenFileError(f"{self.path}:{number}: {_not_utf8(error)}") from None
        except RecursionError:
            raise BrokenFileError(f"{self.path}:{number}:1: is nested too deeply") from None
        except ValueError as error:
            column = getattr(error, "colno", 1)
            what = getattr(error, "msg", str(error))
            raise BrokenFileError(f"{self.path}:{number}:{column}: {what}") from None
        if not isinstance(found, dict):
            raise BrokenFileError(f"{self.path}:{number}:1: must be a JSON object: {{…}}")

    def rows(self, advance: Advance = silent) -> Iterator[tuple[int, Row | str]]:
        decode = json.JSONDecoder(object_pairs_hook=_once).decode
        for number, line in self._lines(advance):
            try:
                # Bytes would have their encoding guessed.
                yield number, _TOO_LONG if line is None else decode(str(line, "utf-8"))
            except _TwiceError as error:
                yield number, str(error)

    def _lines(self, advance: Advance) -> Iterator[tuple[int, bytes | None]]:
        """Yield lines with their numbers; None in place of one that is too long."""
        with self.path.open("rb") as file:
            read = 0
            for number, line in enumerate(iter(partial(file.readline, _LINE_LIMIT), b""), 1):
                read += len(line)
                is_cut = len(line) == _LINE_LIMIT and not line.endswith(b"\n")
                if is_cut:
                    read += _skip_line(file)
                if read > _TOLD_EVERY:
                    advance(read)
                    read = 0
                content = line.removeprefix(_BOM) if number == 1 else line
                if content and not content.isspace():
                    yield number, None if is_cut else content
            advance(read)


class _TwiceError(Exception):
    """An object says a name twice, and of the two nobody knows which is meant."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(f"says {next(n for n in names if names.count(n) > 1)!r} twice")
    return found


def _skip_line(file: BufferedReader) -> int:
    """Pass over the rest of a line and return how long it was."""
    passed = 0
    while part := file.readline(_LINE_LIMIT):
        passed += len(part)
        if part.endswith(b"\n"):
            break
    return passed


@dataclass(frozen=True, slots=True)
class CsvFile:
    """Comma-separated values with a header; size in bytes."""

    path: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def columns(self) -> frozenset[str] | None:
        _, header = next(self._records(silent), (1, []))
        for separator in _OTHER_SEPARATORS:
            if len(header) == 1 and separator in header[0]:
                raise BrokenFileError(
                    f"{self.path}: its first line has {separator!r} between the columns: save it "
                    "with commas"
                )
        return checked_header(self.path, header)

    def check(self) -> None:
        for _ in self._records(silent):
            pass

    def rows(self, advance: Advance = silent) -> Iterator[tuple[int, Row | str]]:
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
            reader = csv.reader(_told_lines(file, advance), strict=True)
            try:
                for number, cells in enumerate(reader, 1):
                    if cells:
                        yield number, cells
            except csv.Error as error:
                raise BrokenFileError(f"{self.path}:{reader.line_num}: {error}") from None
            except UnicodeDecodeError as error:
                line = reader.line_num + 1
                raise BrokenFileError(f"{self.path}:{line}: {_not_utf8(error)}") from None


def _told_lines(file: TextIOWrapper, advance: Advance) -> Iterator[str]:
    """Yield lines, telling now and then how many bytes have been read; raises csv.Error."""
    told = read = 0
    tell = partial(os.lseek, file.fileno(), 0, os.SEEK_CUR)  # its own `tell` would end the reading
    for line in iter(partial(file.readline, _LINE_LIMIT), ""):
        read += len(line)
        if read > _TOLD_EVERY:
            if len(line) == _LINE_LIMIT:
                raise csv.Error(f"line {_TOO_LONG}")
            at, read = tell(), 0
            advance(at - told)
            told = at
        yield line
    advance(tell() - told)


def _not_utf8(error: UnicodeDecodeError) -> str:
    return f"is not UTF-8: byte 0x{error.object[error.start]:02x} cannot stand there"

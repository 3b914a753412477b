"""Files with columns of their own: renamed, put together, translated, and only then checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from cli.importing.files import Advance, BadCell, BrokenFileError, Row, RowFile
from cli.importing.kind import Kind

Make = Callable[[Row], Any]
"""Makes a cell of ours out of a row of theirs; raises ValueError with a sentence."""

_SOURCES = {"column", "columns", "value"}
_KEYS = _SOURCES | {"join", "values", "otherwise", "format", "zone", "decimal"}
_REST = "rest"


@dataclass(frozen=True, slots=True)
class _Made:
    """One column of ours."""

    name: str
    sources: tuple[str, ...]
    make: Make


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How the columns of a file become those of its kind."""

    made: Sequence[_Made]
    ignored: frozenset[str]
    ignores_rest: bool

    @classmethod
    def read(cls, path: Path, kind: Kind) -> ColumnMapping:
        """Read a mapping file; raises BrokenFileError with all that is wrong in it."""
        try:
            said = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise BrokenFileError(f"{path}: {error}") from None
        if not isinstance(said, dict) or not isinstance(said.get("columns"), dict):
            raise BrokenFileError(f"{path}: must hold `columns:` with a line per column of ours")
        problems = [f"{key!r} is not known" for key in said.keys() - {"columns", "ignore"}]
        made = []
        for name, source in said["columns"].items():
            try:
                if not kind.knows(str(name)):
                    raise ValueError(f"is no column of {kind.name}; {kind.known()}")
                made.append(_made(str(name), source))
            except ValueError as error:
                problems.append(f"columns.{name}: {error}")
        ignore = said.get("ignore") or []
        if ignore != _REST and not isinstance(ignore, list):
            problems.append("ignore: must be a list of columns, or rest")
        if problems:
            raise BrokenFileError("\n".join(f"{path}: {problem}" for problem in problems))
        rest = ignore == _REST
        return cls(made, frozenset(() if rest else map(str, ignore)), rest)

    def columns(self, found: frozenset[str]) -> frozenset[str]:
        """Return our columns of a file that has theirs; raises BrokenFileError if some lack."""
        used = {source for each in self.made for source in each.sources}
        lacking = sorted(used - found)
        if lacking:
            raise BrokenFileError(
                f"the mapping needs the column {lacking[0]!r}, which is not there"
            )
        return frozenset({each.name for each in self.made} | self._passed(found - used))

    def row(self, row: Row) -> Row | BadCell:
        """Return a row with our columns, or the cell that cannot be read."""
        used = {source for each in self.made for source in each.sources}
        found: dict[str, Any] = {name: row[name] for name in self._passed(row.keys() - used)}
        for each in self.made:
            try:
                found[each.name] = each.make(row)
            except ValueError as error:
                said = " ".join(str(row.get(source, "")) for source in each.sources)
                return BadCell(" + ".join(each.sources) or each.name, said, str(error))
        return found

    def _passed(self, others: Any) -> set[str]:
        """Return those columns that are taken as they are named."""
        return set() if self.ignores_rest else set(others) - self.ignored


@dataclass(frozen=True, slots=True)
class MappedFile:
    """A file seen through a mapping."""

    file: RowFile
    mapping: ColumnMapping

    @property
    def size(self) -> int:
        return self.file.size

    def columns(self) -> frozenset[str] | None:
        found = self.file.columns()
        return None if found is None else self.mapping.columns(found)

    def check(self) -> None:
        self.file.check()

    def rows(self, advance: Advance = lambda _: None) -> Iterator[tuple[int, Row | BadCell | str]]:
        for number, row in self.file.rows(advance):
            yield number, row if isinstance(row, str | BadCell) else self.mapping.row(row)


def _made(name: str, source: Any) -> _Made:
    if isinstance(source, str):
        return _Made(name, (source,), lambda row: row.get(source))
    if not isinstance(source, dict) or len(source.keys() & _SOURCES) != 1:
        raise ValueError("must be a column of the file, or say one of column, columns or value")
    unknown = source.keys() - _KEYS
    if unknown:
        raise ValueError(f"{min(unknown)!r} is not known; there are {', '.join(sorted(_KEYS))}")
    if "value" in source:
        constant = source["value"]
        return _Made(name, (), lambda _: constant)
    sources = tuple(map(str, source.get("columns") or [source.get("column")]))
    return _Made(name, sources, _steps(sources, source))


def _steps(sources: tuple[str, ...], said: Mapping[str, Any]) -> Make:
    steps = [step for step in (_translated(said), _dated(said), _decimal(said)) if step is not None]
    join = str(said.get("join", " "))

    def make(row: Row) -> Any:
        if len(sources) == 1:
            cell = row.get(sources[0])
        else:
            cell = join.join(str(row[source]) for source in sources if row.get(source))
        for step in steps:
            if cell is not None and cell != "":
                cell = step(cell)
        return cell

    return make


def _translated(said: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    if "values" not in said:
        return None
    values = said["values"]
    if not isinstance(values, dict):
        raise ValueError("values: must say theirs: ours")
    by_text = {str(theirs): ours for theirs, ours in values.items()}

    def translate(cell: Any) -> Any:
        if (found := by_text.get(str(cell))) is not None:
            return found
        if "otherwise" in said:
            return said["otherwise"]
        raise ValueError(f"{str(cell)!r} is not among the values of the mapping")

    return translate


def _dated(said: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    if "format" not in said and "zone" not in said:
        return None
    pattern = said.get("format", "")
    try:
        zone = ZoneInfo(str(said.get("zone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"zone: {said['zone']!r} is no IANA time zone") from None

    def date(cell: Any) -> datetime:
        if isinstance(cell, datetime):
            found = cell
        else:
            try:
                text = str(cell)
                found = (
                    datetime.strptime(text, pattern) if pattern else datetime.fromisoformat(text)
                )
            except ValueError:
                shape = f"of the form {pattern}" if pattern else "a time"
                raise ValueError(f"{str(cell)!r} is not {shape}") from None
        return found if found.tzinfo else found.replace(tzinfo=zone)

    return date


def _decimal(said: Mapping[str, Any]) -> Callable[[Any], Any] | None:
    mark = said.get("decimal")
    if mark is None:
        return None
    if mark not in (",", "."):
        raise ValueError("decimal: must be , or .")
    thousands = "." if mark == "," else ","

    def plain(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        return cell.replace(" ", "").replace(thousands, "").replace(mark, ".")

    return plain

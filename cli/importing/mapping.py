"""Files with columns of their own: renamed, put together, translated, and only then checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from cli.importing.kind import Kind
from cli.importing.row_file import Advance, BadCell, BrokenFileError, Row, RowFile, silent

Make = Callable[[Row], Any]
"""Makes a cell of ours out of a row of theirs; raises ValueError with a sentence."""

_SOURCES = {"column", "columns", "value"}
_NULL = "tag:yaml.org,2002:null"
_KEYS = _SOURCES | {"join", "values", "otherwise", "format", "zone", "decimal"}
_REST = "rest"
_SPACES = " \u00a0\u202f"
"""Between thousands: also those that do not break a line."""


class _TextLoader(yaml.SafeLoader):
    """Reads what stands there as text: `no`, `010` and a day are cells of files, not values."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        """Refuse what says a name twice: only the last of them would count."""
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            problem = f"{twice} is said twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == _NULL]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


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
    used: frozenset[str]
    """Their columns of which ours are made."""
    ignored: frozenset[str]
    ignores_rest: bool

    @classmethod
    def read(cls, path: Path, kind: Kind) -> ColumnMapping:
        """Read a mapping file; raises BrokenFileError with all that is wrong in it."""
        try:
            text = path.read_text(encoding="utf-8-sig")
            said = yaml.load(text, Loader=_TextLoader)  # noqa: S506 - a safe one that makes texts
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
        used = frozenset(source for each in made for source in each.sources)
        rest = ignore == _REST
        return cls(made, used, frozenset(() if rest else map(str, ignore)), rest)

    def columns(self, found: frozenset[str]) -> frozenset[str]:
        """Return our columns of a file that has theirs; raises BrokenFileError if some lack."""
        lacking = sorted(self.used - found)
        if lacking:
            raise BrokenFileError(
                f"the mapping needs the column {lacking[0]!r}, which is not there"
            )
        return frozenset((*(each.name for each in self.made), *self._passed(found)))

    def row(self, row: Row) -> Row | BadCell:
        """Return a row with our columns, or the cell that cannot be read."""
        found: dict[str, Any] = {name: row[name] for name in self._passed(row)}
        for each in self.made:
            try:
                found[each.name] = each.make(row)
            except ValueError as error:
                said = " ".join(str(row.get(source, "")) for source in each.sources)
                return BadCell(" + ".join(each.sources) or each.name, said, str(error))
        return found

    def _passed(self, columns: Iterable[str]) -> list[str]:
        """Return those columns that are taken as they are named."""
        if self.ignores_rest:
            return []
        used, ignored = self.used, self.ignored
        return [name for name in columns if name not in used and name not in ignored]


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

    def rows(self, advance: Advance = silent) -> Iterator[tuple[int, Row | BadCell | str]]:
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
    sources = source["columns"] if "columns" in source else [source["column"]]
    if not isinstance(sources, list) or not all(isinstance(each, str) for each in sources):
        raise ValueError("column must be the name of one, columns a list of names: [Bon, Zeile]")
    if not sources:
        raise ValueError("columns: must name at least one")
    return _Made(name, tuple(sources), _steps(tuple(sources), source))


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
    shape = re.compile(
        rf"[+-]?(\d+|\d{{1,3}}([{re.escape(thousands)}{_SPACES}']\d{{3}})+)({re.escape(mark)}\d+)?",
        re.ASCII,
    )
    apart = str.maketrans({mark: "."} | dict.fromkeys(f"{thousands}{_SPACES}'"))

    def plain(cell: Any) -> Any:
        if not isinstance(cell, str):
            return cell
        text = cell.strip()
        if not shape.fullmatch(text):
            raise ValueError(f"{cell!r} is no number with {mark!r} before its decimals")
        return text.translate(apart)

    return plain

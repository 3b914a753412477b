"""Statements kept in `.sql` files, reached by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_NAME = re.compile(r"^--\s*name:\s*(?P<name>\S+)\s*$")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]*")


class QueriesError(Exception):
    """A statement file cannot be read: our own defect, found at start."""


class Queries:
    """The named statements of one file, each an attribute."""

    __slots__ = ("_statements",)

    def __init__(self, statements: Mapping[str, str]) -> None:
        self._statements = dict(statements)

    @classmethod
    def beside(cls, module_file: str, name: str = "queries.sql") -> Queries:
        """Load the statement file that lies beside a module: `Queries.beside(__file__)`."""
        path = Path(module_file).with_name(name)
        return cls(parse_statements(path.read_text(encoding="utf-8"), path.name))

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name]
        except KeyError:
            raise AttributeError(f"there is no statement named {name!r}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __getitem__(self, name: str) -> str:
        return self._statements[name]


def parse_statements(text: str, source: str = "queries.sql") -> dict[str, str]:
    """Return name to statement of a file in which `-- name: x` begins each statement.

    A statement keeps its name and its comments, so that the server's log shows them. Raises
    `QueriesError` for a bad or repeated name, for text before the first and an empty statement.
    """
    blocks: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        match = _NAME.match(line)
        if match is not None:
            current = blocks.setdefault(_checked(match["name"], blocks, source, number), [line])
        elif current is not None:
            current.append(line)
        elif line.strip() and not line.startswith("--"):
            raise QueriesError(f"{source}:{number}: a statement without `-- name:`")
    return {name: _statement(name, lines, source) for name, lines in blocks.items()}


def _checked(name: str, known: Mapping[str, object], source: str, number: int) -> str:
    if not _IDENTIFIER.fullmatch(name):
        raise QueriesError(f"{source}:{number}: {name!r} is no lower_snake_case name")
    if name in known:
        raise QueriesError(f"{source}:{number}: {name!r} is there twice")
    return name


def _statement(name: str, lines: list[str], source: str) -> str:
    if all(not line.strip() or line.lstrip().startswith("--") for line in lines):
        raise QueriesError(f"{source}: {name!r} is empty")
    return "\n".join(lines).rstrip().rstrip(";")

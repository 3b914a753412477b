"""Mistakes in definitions, each with its place; all of them are collected before any is told."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass, field

from yaml.nodes import Node

from touchpoint.rules.v1.rules_pb2 import Problem


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands; line and column from 1."""

    path: str
    line: int = 1
    column: int = 1


@dataclass(slots=True)
class Problems:
    """Collects mistakes and warnings."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str, *, warning: bool = False) -> None:
        """Note a mistake, or with `warning` something that does not prevent applying."""
        self.found.append(
            Problem(
                path=place.path,
                line=place.line,
                column=place.column,
                message=message,
                warning=warning,
            )
        )

    def sorted(self) -> list[Problem]:
        """Return them by file and line."""
        return sorted(self.found, key=lambda problem: (problem.path, problem.line, problem.column))

    @property
    def has_mistakes(self) -> bool:
        return any(not problem.warning for problem in self.found)


def place_of(node: Node, path: str) -> Place:
    mark = node.start_mark
    return Place(path, mark.line + 1, mark.column + 1)


def suggestion(word: str, known: Collection[str]) -> str:
    """Return what may have been meant, as the end of a sentence."""
    close = difflib.get_close_matches(word, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(sorted(known))}" if len(known) <= 20 else ""

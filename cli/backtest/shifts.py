"""Who is there to call in a back-test: as options say it, or a file of several shifts."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.rules.definitions.yaml_nodes import compose
from services.scenario.backtest.agents import Shift
from shared.working_times import days_of, hours_of
from touchpoint.rules.v1.rules_pb2 import Problem

Staff = tuple[Shift, ...]
"""Who is there; empty: nobody."""
HOURS = "9-17"
"""Where nobody says which."""
MOST_AGENTS = 10_000
_KEYS = ("agents", "skills", "hours", "days")


def staff_of(agents: int, skills: str, hours: str) -> Staff:
    """Return so many agents who are there at the same hours; raises ValueError for the hours."""
    begins, ends = hours_of(hours or HOURS)
    return (Shift(agents, begins, ends, words_of(skills)),)


def words_of(text: str) -> tuple[str, ...]:
    """Return words that commas or blanks part, each once."""
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def read_shifts(text: str, path: str) -> tuple[list[Shift], list[Problem]]:
    """Return the shifts of a file, and all that is wrong with it, by line and column."""
    reading = _Reading(path)
    return reading.read(text), reading.problems


class ShiftsError(ValueError):
    """A file of shifts that cannot be read at all; the text says why."""


def text_of(file: Path) -> str:
    """Return what stands in a file of shifts; raises ShiftsError."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ShiftsError(f"there is no file {file}") from None
    except UnicodeDecodeError:
        raise ShiftsError(f"{file} is not UTF-8: save it as such") from None
    except OSError as error:
        raise ShiftsError(f"{file} cannot be read: {error.strerror}") from None


class _Reading:
    """One file being read."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.problems: list[Problem] = []

    def read(self, text: str) -> list[Shift]:
        try:
            root = compose(text)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            self._add(*place, error.problem or "is no YAML")
            return []
        if not isinstance(root, SequenceNode) or not root.value:
            self._add(1, 1, "has no shifts: write a list of {agents: 3, hours: 9-17}")
            return []
        return [shift for node in root.value for shift in self._shift(node)]

    def _shift(self, node: Node) -> Iterator[Shift]:
        if not isinstance(node, MappingNode):
            self._at(node, "is no shift: write {agents: 3, skills: [sales], hours: 9-17}")
            return
        parts: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if name not in _KEYS:
                self._at(key, f"{name} is not known: {_meant(name)}")
            elif name in parts:
                self._at(key, f"{name} is there twice")
            parts[name] = value
        before = len(self.problems)
        agents = self._agents(node, parts.get("agents"))
        skills = tuple(dict.fromkeys(self._words(parts.get("skills"))))
        begins, ends = self._hours(parts.get("hours"))
        days = self._days(parts.get("days"))
        if len(self.problems) == before:
            yield Shift(agents, begins, ends, skills, days)

    def _agents(self, shift: Node, node: Node | None) -> int:
        text = self._text(node) if node is not None else ""
        number = int(text) if text.isdecimal() and len(text) <= 9 else 0
        if not 1 <= number <= MOST_AGENTS:
            self._at(node or shift, f"agents must be a whole number from 1 to {MOST_AGENTS}")
        return number

    def _hours(self, node: Node | None) -> tuple[int, int]:
        try:
            return hours_of(self._text(node) if node is not None else HOURS)
        except ValueError as error:
            self._at(node, str(error))
            return 0, 0

    def _days(self, node: Node | None) -> frozenset[int]:
        try:
            return days_of(self._words(node))
        except ValueError as error:
            self._at(node, str(error))
            return frozenset()

    def _words(self, node: Node | None) -> list[str]:
        """Return the words of a list, or of a text."""
        if isinstance(node, SequenceNode):
            return [word for each in node.value for word in words_of(self._text(each))]
        return list(words_of(self._text(node))) if node is not None else []

    def _text(self, node: Node) -> str:
        if isinstance(node, ScalarNode):
            return str(node.value)
        self._at(node, "must be a text")
        return ""

    def _at(self, node: Node | None, message: str) -> None:
        mark = node.start_mark if node is not None else None
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        self._add(*place, message)

    def _add(self, line: int, column: int, message: str) -> None:
        self.problems.append(Problem(path=self._path, line=line, column=column, message=message))


def _meant(said: str) -> str:
    close = difflib.get_close_matches(said, _KEYS)
    return f"do you mean {close[0]}?" if close else f"there are {', '.join(_KEYS)}"

"""Tells what differs between two states of the definitions, in words and by file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from cli.console import people
from touchpoint.common.v1.decision_pb2 import Trial
from touchpoint.rules.v1.rules_pb2 import ChangeKind, DefinitionChange, FieldChange

SHORT = 12
"""So many characters of a bundle's hash are shown; it can be named by them."""
_LONGEST = 160
_SIGNS = {
    ChangeKind.ADDED: ("+", "green"),
    ChangeKind.REMOVED: ("-", "red"),
    ChangeKind.CHANGED: ("~", "yellow"),
    ChangeKind.REORDERED: ("~", "yellow"),
}


def show_changes(changes: Iterable[DefinitionChange]) -> None:
    """Print each entry that was added, removed or changed, under its section."""
    section = ""
    for change in changes:
        if change.section != section:
            section = change.section
            people.print(section, style="bold", markup=False)
        sign, style = _SIGNS.get(change.kind, ("?", ""))
        for line in _lines(change):
            people.print(f"  {sign} {line}", style=style, markup=False, soft_wrap=True)


def _lines(change: DefinitionChange) -> list[str]:
    """Write one entry: of what is new or gone its name, of what changed each field."""
    if change.kind == ChangeKind.REORDERED:
        return ["in another order"]
    if change.kind == ChangeKind.CHANGED:
        return [f"{change.name}: {_field(field)}" for field in change.fields]
    if len(change.fields) == 1:
        [field] = change.fields
        return [f"{change.name}: {_cut(field.after or field.before)}"]
    return [change.name]


def _field(field: FieldChange) -> str:
    said = [_cut(text) if text else "nothing" for text in (field.before, field.after)]
    name = "" if field.field == "value" else f"{field.field} "
    return f"{name}{said[0]} → {said[1]}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def compare(
    old: Mapping[str, str], new: Mapping[str, str], was: str = "in force"
) -> dict[str, list[str]]:
    """Return the unified diff of each file, empty where it is the same."""
    return {
        path: list(
            difflib.unified_diff(
                old.get(path, "").splitlines(),
                new.get(path, "").splitlines(),
                f"{was}/{path}",
                path,
                lineterm="",
            )
        )
        for path in sorted(old.keys() | new.keys())
    }


def show_lines(lines: Iterable[str]) -> None:
    """Print a unified diff."""
    for line in lines:
        people.print(line, style=_colour(line), markup=False, soft_wrap=True)


def _colour(line: str) -> str | None:
    if line.startswith(("+++", "---")):
        return "bold"
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])


def share_told(trial: Trial) -> str:
    """Write a share of people: `10%`."""
    return f"{trial.share * 100:g}%"

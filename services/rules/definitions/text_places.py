"""Where in a file a place within a YAML text lies."""

from __future__ import annotations

from yaml.nodes import Node, ScalarNode

from services.rules.definitions.problems import Place, Problems
from services.rules.definitions.reading import Entry
from shared.conditions import ConditionError


def note_condition(entry: Entry, name: str, error: ConditionError, problems: Problems) -> None:
    """Note everything that is wrong with the condition in a field, each at its place."""
    for each in (error, *error.also):
        place = place_within(entry.nodes[name], entry.where(name), each.line, each.column)
        problems.add(place, f"{name}: {each.message}")


def place_within(node: Node, start: Place, line: int, column: int) -> Place:
    """Return the place in the file of (line, column) of a scalar's text, as near as YAML tells.

    Exact within plain and quoted text on one line and within literal blocks (`|`); a folded block
    (`>`) joins lines, so there only its first line is named.
    """
    if not isinstance(node, ScalarNode):
        return start
    if node.style in ("|", ">"):
        return _within_block(node, start, line, column)
    quote = 1 if node.style in ("'", '"') else 0
    return Place(start.path, start.line, start.column + quote + column - 1)


def _within_block(node: ScalarNode, start: Place, line: int, column: int) -> Place:
    if node.style == ">":
        return Place(start.path, start.line + 1, 1)
    raw = (node.start_mark.buffer or "")[node.start_mark.pointer or 0 :].splitlines()[1:]
    indents = [len(text) - len(text.lstrip()) for text in raw if text.strip()]
    return Place(start.path, start.line + line, (indents[0] if indents else 0) + column)

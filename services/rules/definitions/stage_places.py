"""Where the parts of a scenario stand in its file."""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from services.rules.definitions.problems import Place, Problems, place_of
from services.rules.definitions.reading import Entry
from services.rules.definitions.text_places import place_within
from shared.conditions import ConditionError
from shared.templates import TemplateError

Step = str | int


class Places:
    """Finds the places of a scenario's parts by the way to each: `"stages", 2, "next", 0, "to"`."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def of(self, *way: Step) -> Place:
        """Return the place of a part; of what it belongs to where the part is not written."""
        return self._found(way)[1]

    def note(self, problems: Problems, error: ConditionError | TemplateError, *way: Step) -> None:
        """Note everything that is wrong with a condition or a text, each at its place in it."""
        node, start = self._found(way)
        name = next(step for step in reversed(way) if isinstance(step, str))
        for each in (error, *error.also):
            place = place_within(node, start, each.line, each.column) if node else start
            problems.add(place, f"{name}: {each.message}")

    def within(self, line: int, column: int, *way: Step) -> Place:
        """Return the place of a line and column of a text, both from 1."""
        node, start = self._found(way)
        return place_within(node, start, line, column) if node else start

    def _found(self, way: tuple[Step, ...]) -> tuple[Node | None, Place]:
        entry = self._entry
        if not way:
            return None, entry.place
        first, *rest = way
        node = entry.nodes.get(str(first))
        place = entry.where(str(first))
        for step in rest:
            node = None if node is None else _part(node, step)
            if node is None:
                return None, place
            place = place_of(node, place.path)
        return node, place


def _part(node: Node, step: Step) -> Node | None:
    if isinstance(step, int):
        if isinstance(node, ScalarNode):  # `next: stage` stands for a list of one
            return node
        is_there = isinstance(node, SequenceNode) and step < len(node.value)
        return node.value[step] if is_there else None
    if isinstance(node, ScalarNode):
        return node
    if not isinstance(node, MappingNode):
        return None
    return next((value for key, value in node.value if key.value == step), None)

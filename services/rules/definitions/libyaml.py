"""YAML read by libyaml, several times faster than in Python; importing fails where it is missing.

Only its events are taken and put together in Python: its own composer has no limit to its depth and
would end the process.
"""

from __future__ import annotations

from yaml.composer import Composer
from yaml.cyaml import CSafeLoader
from yaml.error import Mark
from yaml.nodes import Node, ScalarNode


def compose(text: str) -> Node | None:
    """Return the root of a text without a byte order mark, None where it is empty.

    Raises `yaml.YAMLError`, and RecursionError for what is too deep.
    """
    return _Loader(text).get_single_node()


class _Loader(Composer, CSafeLoader):
    """A parser of one text."""

    def __init__(self, text: str) -> None:
        CSafeLoader.__init__(self, text)
        Composer.__init__(self)
        self._text = text

    def compose_scalar_node(self, anchor: dict[str, Node]) -> ScalarNode:
        """Give blocks the text that they stand in: places within them are found there."""
        node = super().compose_scalar_node(anchor)
        if node.style in ("|", ">"):
            at = node.start_mark
            node.start_mark = Mark(at.name, at.index, at.line, at.column, self._text, at.index)
        return node

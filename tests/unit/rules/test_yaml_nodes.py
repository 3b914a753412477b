"""libyaml and Python read definitions into the same nodes, and mistakes are told alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.nodes import Node, ScalarNode

from services.rules.config import shipped_definitions
from services.rules.definitions import yaml_nodes
from services.rules.definitions.files import read_folder
from services.rules.definitions.yaml_nodes import compose, compose_in_python
from tests.properties import examples

libyaml = pytest.importorskip("services.rules.definitions.libyaml")
TEXTS = (
    *("a", "b c", "'it''s'", '"é\\n"', "😀", "${x.y}", "!offer", "&k v", "*k", "# no", "null", "1"),
    *("|\n   x ==\n     y\n", ">-\n  x\n  y\n", "[a, {b: c}]", "{a: [b]}", "", "~", "a:b", "? a"),
    *("@", "'", '"\\q"', "[", "}", "\t", "%", "---", "a: b"),
)
LINES = st.builds(
    "{}{}{}".format,
    st.sampled_from(("", "  ", "    ", " ", "- ", "  - ")),
    st.sampled_from(("", "k: ", "name: ", "- ", "'q': ", "😀: ")),
    st.sampled_from(TEXTS),
)
NEW_LINES = st.sampled_from(("\n", "\r\n", "\n\n", "\u2028"))


def told(node: Node | None) -> Iterator[tuple[object, ...]]:
    """Yield what a reader of definitions sees of all nodes."""
    if node is None:
        return
    mark = node.start_mark
    yield type(node), node.tag, mark.line, mark.column
    if isinstance(node, ScalarNode):
        style = node.style or None
        block = (mark.buffer or "")[mark.pointer :].rstrip("\0") if style in ("|", ">") else ""
        yield style, node.value, block
        return
    for part in node.value:
        for each in part if isinstance(part, tuple) else (part,):
            yield from told(each)


def outcome(read: object, text: str) -> object:
    """Return what is read, or which mistake is told where."""
    try:
        return list(told(read(text)))  # type: ignore[operator]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return error.problem, mark and (mark.line, mark.column)
    except (yaml.YAMLError, RecursionError) as error:
        return type(error)


@examples(400)
@given(st.lists(st.tuples(LINES, NEW_LINES).map("".join), max_size=8).map("".join))
def test_any_text_is_read_alike(text: str) -> None:
    assert outcome(compose, text) == outcome(compose_in_python, text)


def test_what_is_shipped_is_read_alike_and_by_libyaml() -> None:
    for file in read_folder(shipped_definitions()):
        expected = outcome(compose_in_python, file.text)
        assert outcome(libyaml.compose, file.text) == expected, file.path


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffa: |\n  b\n",
        "- " * 4000 + "a",
        "? " * 4000 + "a",
        "".join('["]",' for _ in range(4000)),
        "a: &x [*x]",
        "a: 1\n---\nb: 2\n",
        "a: \x01",
    ],
)
def test_what_is_strange_or_too_deep_is_told_alike(text: str) -> None:
    found = outcome(compose, text)
    assert found == outcome(compose_in_python, text)


def test_without_libyaml_definitions_are_read_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "_QUICKLY", None)
    node = compose("a: b")
    assert node is not None
    assert node.value[0][0].start_mark.buffer is not None  # which libyaml does not give

"""How much can be said in one breath, by somebody or by a machine that reads markup out."""

from __future__ import annotations

from xml.etree import ElementTree

MOST_WORDS = 25
"""Of a line that somebody says, or that a machine reads out."""


def words(text: str) -> int:
    """Count the words of a text: whatever stands between blanks."""
    return len(text.split())


def markup_mistake(markup: str) -> str:
    """Say why Speech Synthesis Markup (W3C SSML 1.1) is not read out; empty: it is."""
    try:
        root = ElementTree.fromstring(markup)  # noqa: S314 ours, and expat bounds what it expands
    except ElementTree.ParseError:
        return "is no markup"
    if root.tag.rpartition("}")[2] != "speak":
        return "must be one speak element"
    count = words(" ".join(root.itertext()))
    if not count:
        return "has nothing to say"
    return f"has {count} words, at most {MOST_WORDS} are read out" if count > MOST_WORDS else ""

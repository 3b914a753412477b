"""Reads YAML into nodes with their places, by libyaml where PyYAML was built with it."""

from __future__ import annotations

from collections.abc import Callable

import yaml
from yaml.nodes import Node

try:
    from services.rules.definitions import libyaml
except ImportError:
    _QUICKLY: Callable[[str], Node | None] | None = None
else:
    _QUICKLY = libyaml.compose

_BYTE_ORDER_MARK = "\ufeff"


def compose(text: str) -> Node | None:
    """Return the root of a text, None where it is empty.

    Raises `yaml.YAMLError`, and RecursionError for what is too deep. What libyaml refuses is read
    again in Python, which says better what is wrong; so is what has tabs, where they disagree.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    if _QUICKLY is not None and "\t" not in text:
        try:
            return _QUICKLY(text)
        except yaml.YAMLError:
            pass
    return compose_in_python(text)


def compose_in_python(text: str) -> Node | None:
    """Do so without libyaml."""
    return yaml.compose(text, Loader=yaml.SafeLoader)

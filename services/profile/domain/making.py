"""Makes named tuples at half the price of their own constructors, where thousands are made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


def maker(kind: type[T]) -> Callable[[tuple[Any, ...]], T]:
    """Return what makes a named tuple of a plain one that holds all its fields."""
    make: Any = tuple.__new__
    return partial(make, kind)

"""Tells of an unexpected error in a log: where, of what kind, and nothing that may be a value."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from typing import Any

from shared.errors import TouchpointError

_TELLING = (
    *(AssertionError, AttributeError, ImportError, IndexError, NameError, TypeError),
    *(OSError, RuntimeError, TouchpointError),
)
"""Their texts name parts of the program or of the machine; others may quote what was put in."""
_CAUSE = "\nThe direct cause of the following:\n\n"


def told(error: BaseException) -> str:
    """Return frames and kinds of an error and of what caused it, the first cause first."""
    return _CAUSE.join(_one(each) for each in reversed(list(_chain(error))))


def error_of(exc_info: Any) -> BaseException | None:
    """Return the error that a log line was given: itself, in a tuple, or `True` for the current."""
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple):
        found: BaseException | None = exc_info[1]
        return found
    return sys.exc_info()[1] if exc_info else None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        implied = None if following.__suppress_context__ else following.__context__
        following = following.__cause__ or implied


def _one(error: BaseException) -> str:
    kind = type(error)
    text = f": {error}" if isinstance(error, _TELLING) else ""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{kind.__module__}.{kind.__qualname__}{text}"

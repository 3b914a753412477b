"""Named points at which a process can be made to die, so that tests can see what survives it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

POINTS = (
    "after_claim",
    "before_commit",
    "after_commit",
    "before_carrying",
    "after_carrying",
    "before_completion_commit",
    "after_completion_commit",
)
"""A timer was claimed; what it brought about is written, and committed; a
message is about to be carried, and was; what ends a task is written, and committed."""

Reach = Callable[[str], None]
"""Says that a point was reached."""


def crash_point(text: str) -> str:
    """Return the name of a point; ValueError for another."""
    if text not in POINTS:
        raise ValueError(f"must be one of {', '.join(POINTS)}")
    return text


class CrashPoints:
    """Kills its own process where it was told to, once per folder of marks."""

    def __init__(self, at: str, marks: Path) -> None:
        self._at = at
        self._marks = marks

    def reach(self, point: str) -> None:
        """Die here, as from `kill -9`, if this is the point and nobody died here before."""
        if point != self._at:
            return
        self._marks.mkdir(parents=True, exist_ok=True)
        try:
            (self._marks / point).touch(exist_ok=False)
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)

"""How far a training is, told step by step."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[str, float], None]
"""Told what is being done, in words, and how far all of it is, 0 to 1."""
OnShare = Callable[[float], None]
"""Told how far one step is, 0 to 1."""


def part(step: str, begin: float, end: float, on_progress: OnProgress) -> OnShare:
    """Return what tells of a step that makes up a part of the whole."""
    return lambda share: on_progress(step, begin + (end - begin) * share)


def unheard(_share: float) -> None:
    """Tell nobody."""

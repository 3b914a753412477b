"""Reads the stacks that a sampling profiler wrote, and adds them up by function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

Stacks = Sequence[tuple[Sequence[str], int]]
"""Functions from the outermost to the innermost, and how often they were seen."""


def read_stacks(text: str) -> Stacks:
    """Read lines of `outer;inner count`, the form that flame graphs are made of."""
    stacks = []
    for line in text.splitlines():
        frames, _, count = line.rpartition(" ")
        stacks.append((frames.split(";"), int(count)))
    return stacks


def own(stacks: Stacks) -> Mapping[str, float]:
    """Return the share of time spent in each function itself."""
    seen: Counter[str] = Counter()
    for frames, count in stacks:
        seen[frames[-1]] += count
    return _shares(seen, stacks)


def inclusive(stacks: Stacks) -> Mapping[str, float]:
    """Return the share of time spent in each function and in what it called."""
    seen: Counter[str] = Counter()
    for frames, count in stacks:
        for frame in set(frames):
            seen[frame] += count
    return _shares(seen, stacks)


def _shares(seen: Mapping[str, int], stacks: Stacks) -> Mapping[str, float]:
    total = sum(count for _, count in stacks)
    return {function: count / total for function, count in seen.items()}

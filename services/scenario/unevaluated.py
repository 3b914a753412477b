"""Counts the conditions that fail where no journey stands still for it: visible to nobody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Unevaluated:
    """How often conditions could not be evaluated, by scenario and place, since it was asked."""

    def __init__(self) -> None:
        self._times = Counter[tuple[str, str]]()

    def note(self, scenario: str, place: str) -> None:
        """Count one more time."""
        self._times[scenario, place] += 1

    def take(self) -> Counter[tuple[str, str]]:
        """Return what was counted, and begin anew."""
        taken, self._times = self._times, Counter()
        return taken

    def give_back(self, times: Mapping[tuple[str, str], int]) -> None:
        """Count again what was taken and could not be kept."""
        self._times.update(times)


UNEVALUATED = Unevaluated()
"""Of this process: scenarios are compiled wherever a definition is read."""

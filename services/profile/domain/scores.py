"""Scores that marketers define: functions of all that was, so that a change counts at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.profile.domain.tallies import NONE, Tallies

_MICROS = 1_000_000


class Points(NamedTuple):
    """What each event of a type adds."""

    on: str
    points: float
    per_value: float
    """For each unit of currency."""


@dataclass(frozen=True, slots=True)
class Score:
    """A number, and the names of parts of its range."""

    name: str
    points: Sequence[Points]
    stages: Sequence[tuple[float, str]] = ()
    """(from, stage), ascending."""

    def value(self, tallies: Tallies) -> float:
        """Return what all events ever add up to."""
        total = 0.0
        for on, points, per_value in self.points:
            events, value_micros = tallies.get(on, NONE)
            total += points * events + per_value * value_micros / _MICROS
        return total

    def stage(self, value: float) -> str:
        """Return the stage that a value is in; empty: it is below all of them."""
        found = ""
        for begins, stage in self.stages:
            if value < begins:
                break
            found = stage
        return found

"""Conditions that are tried on the largest input before they are accepted, with their places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.rules.conditions.canary import Kind, Suspect, refusals
from services.rules.definitions.problems import Place, Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.text_places import place_within


@dataclass(slots=True)
class Suspects:
    """Collects conditions that are to be tried; all are, at once."""

    found: list[tuple[Place, str, Suspect]] = field(default_factory=list)

    def add(self, entry: Entry, name: str, kind: Kind) -> None:
        """Take the condition in a field."""
        suspect = Suspect(kind, entry.values[name])
        place = place_within(entry.nodes[name], entry.where(name), 1, 1)
        self.found.append((place, name, suspect))

    def try_out(self, parameters: Mapping[str, str], problems: Problems) -> None:
        """Note those that are too slow or too large; blocks where there is any to try."""
        reasons = refusals([suspect for _, _, suspect in self.found], parameters)
        for (place, name, _), reason in zip(self.found, reasons, strict=True):
            if reason:
                problems.add(place, f"{name}: {reason}")

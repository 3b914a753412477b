"""Conditions that are tried on the largest input before they are accepted, with their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.rules.conditions.canary import Kind, Suspect, refusals
from services.rules.definitions.problems import Place, Problems
from services.rules.definitions.reading import Entry
from services.rules.definitions.text_places import place_within

_MOST_KNOWN = 10_000
_passed: dict[tuple[Suspect, frozenset[tuple[str, str]]], None] = {}
"""What was tried and accepted, the oldest first, with the parameters it may read."""


@dataclass(slots=True)
class Suspects:
    """Collects conditions that are to be tried; all are, at once, and none that passed before."""

    found: list[tuple[Place, str, Suspect]] = field(default_factory=list)

    def add(self, entry: Entry, name: str, kind: Kind) -> None:
        """Take the condition in a field."""
        suspect = Suspect(kind, entry.values[name])
        place = place_within(entry.nodes[name], entry.where(name), 1, 1)
        self.found.append((place, name, suspect))

    def add_at(self, place: Place, name: str, kind: Kind, text: str) -> None:
        """Take a condition that stands at a place."""
        self.found.append((place, name, Suspect(kind, text)))

    def try_out(self, parameters: Mapping[str, str], problems: Problems) -> None:
        """Note those that are too slow or too large; blocks where there is any to try."""
        reasons = _refused((suspect for _, _, suspect in self.found), parameters)
        for place, name, suspect in self.found:
            if reason := reasons.get(suspect):
                problems.add(place, f"{name}: {reason}")


def refused_segment(when: str, parameters: Mapping[str, str]) -> str:
    """Return why the condition of a segment is too slow or too large, empty where it is not.

    Blocks where it is one to try and did not pass before.
    """
    segment = Suspect("segment", when)
    return _refused([segment], parameters).get(segment, "")


def _refused(suspects: Iterable[Suspect], parameters: Mapping[str, str]) -> Mapping[Suspect, str]:
    """Try those that did not pass before, each once; returns what came of these."""
    keys = {suspect: _key(suspect, parameters) for suspect in suspects}
    untried = [suspect for suspect, key in keys.items() if key not in _passed]
    reasons = dict(zip(untried, refusals(untried, parameters), strict=True))
    for suspect, reason in reasons.items():
        if not reason:
            _remember(keys[suspect])
    return reasons


def _key(
    suspect: Suspect, parameters: Mapping[str, str]
) -> tuple[Suspect, frozenset[tuple[str, str]]]:
    read = parameters.items() if "params" in suspect.text else ()
    return suspect, frozenset(read)


def _remember(key: tuple[Suspect, frozenset[tuple[str, str]]]) -> None:
    if len(_passed) >= _MOST_KNOWN:
        _passed.pop(next(iter(_passed)), None)
    _passed[key] = None

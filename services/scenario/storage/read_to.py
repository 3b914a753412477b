"""Remembers up to where in the log the events of persons were read."""

from __future__ import annotations

from collections.abc import Iterable

_MOST = 50_000
"""Persons, some megabytes; of more those are forgotten whose events were read first."""


class ReadTo:
    """Persons whose events are known up to a position, so that none is read anew for each slice."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._positions: dict[str, int] = {}

    def note(self, person_ids: Iterable[str], position: int) -> None:
        """Remember that all events of persons up to a position were read."""
        for person_id in person_ids:
            self._positions.pop(person_id, None)
            self._positions[person_id] = position
            if len(self._positions) > self._most:
                del self._positions[next(iter(self._positions))]

    def knows(self, person_id: str, position: int) -> bool:
        """Say whether all events of a person up to a position are known to have been read."""
        return self._positions.get(person_id, -1) >= position

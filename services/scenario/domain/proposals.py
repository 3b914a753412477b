"""What journeys propose at this moment, in memory, by the person they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KEPT_VERSIONS = 50_000
"""Of journeys that propose nothing: late word of an earlier version must not bring them back."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a journey stands, as it was told."""

    journey_id: str
    person_id: str
    version: int
    scenario: str
    stage: str
    offer_nos: tuple[int, ...]
    """Empty: it proposes nothing."""
    placements: tuple[str, ...] = ()
    lever: float = 1.0
    entered_us: int = 0
    until_us: int = 0
    """0: until it moves on."""
    priority: int = 0
    subject_no: int = 0
    """The item that there may be one journey about; 0: one of the scenario."""


class Proposals:
    """A read model; whatever order it is told in, the highest version of a journey counts."""

    def __init__(self) -> None:
        self._standing: dict[str, Standing] = {}
        self._by_person: dict[str, dict[str, Standing]] = {}
        self._silent: dict[str, int] = {}

    def apply(self, told: Standing) -> bool:
        """Take where a journey stands; says whether that was news."""
        journey_id = told.journey_id
        known = self._standing.get(journey_id)
        version = known.version if known else self._silent.get(journey_id, 0)
        if told.version <= version:
            return False
        if known is not None:
            self._remove(known)
        if told.offer_nos:
            self._silent.pop(journey_id, None)
            self._standing[journey_id] = told
            self._by_person.setdefault(told.person_id, {})[journey_id] = told
        else:
            self._silence(journey_id, told.version)
        return True

    def of(self, person_ids: Iterable[str], now_us: int) -> list[Standing]:
        """Return what journeys of a set of persons propose, one per scenario and subject.

        The highest priority first, of equal ones the latest.

        Of two about the same, which a link brought together, the older counts.
        """
        chosen: dict[tuple[str, int], Standing] = {}
        for person_id in person_ids:
            for told in self._by_person.get(person_id, {}).values():
                if told.until_us and told.until_us <= now_us:
                    continue
                matter = told.scenario, told.subject_no
                other = chosen.get(matter)
                if other is None or told.journey_id < other.journey_id:
                    chosen[matter] = told
        if len(chosen) < 2:
            return list(chosen.values())
        return sorted(chosen.values(), key=_turn)

    def offer_nos(self) -> set[int]:
        """Return everything that is proposed to anybody."""
        return {offer_no for told in self._standing.values() for offer_no in told.offer_nos}

    def _remove(self, known: Standing) -> None:
        del self._standing[known.journey_id]
        of_person = self._by_person[known.person_id]
        del of_person[known.journey_id]
        if not of_person:
            del self._by_person[known.person_id]

    def _silence(self, journey_id: str, version: int) -> None:
        self._silent.pop(journey_id, None)
        self._silent[journey_id] = version
        if len(self._silent) > KEPT_VERSIONS:
            del self._silent[next(iter(self._silent))]


def _turn(told: Standing) -> tuple[int, int, str]:
    return -told.priority, -told.entered_us, told.journey_id

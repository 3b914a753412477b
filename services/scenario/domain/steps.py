"""The journeys of some persons during one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from services.scenario.domain.endings import end
from services.scenario.domain.journey import Journey, Outcome
from services.scenario.domain.ports import Ended
from services.scenario.domain.transition import Transition
from shared.replacing import replace

_NONE: Mapping[str, Journey] = MappingProxyType({})


class Steps:
    """The journeys of some persons during one transaction, and what became of each."""

    def __init__(self, journeys: Iterable[Journey]) -> None:
        self._of_person: dict[str, dict[str, Journey]] = {}
        self._transitions: dict[str, Transition] = {}
        for journey in journeys:
            self._keep(journey)

    def of(self, person_ids: Collection[str]) -> list[Journey]:
        """Return the journeys of persons that are not over, oldest first."""
        found = [
            journey
            for person_id in person_ids
            for journey in self._of_person.get(person_id, _NONE).values()
            if not journey.is_over
        ]
        return sorted(found, key=_age)

    def behind(self, person_ids: Collection[str], matter: tuple[str, int]) -> list[Ended]:
        """Return what ended during this very transaction of what persons were on."""
        return [
            Ended(journey.ended_us, 1)
            for person_id in person_ids
            for journey in self._of_person.get(person_id, _NONE).values()
            if journey.is_over and journey.occurrence and journey.matter == matter
        ]

    def take(self, transition: Transition | None) -> None:
        """Go a step, but none from its end; several steps of one journey are written as one."""
        if transition is None:
            return
        journey_id, person_id = transition.journey.journey_id, transition.journey.person_id
        known = self._of_person.get(person_id, _NONE).get(journey_id)
        if known is not None and known.is_over:
            return
        before = self._transitions.get(journey_id)
        if before is not None:
            transition = replace(
                transition,
                effects=(*before.effects, *transition.effects),
                is_new=before.is_new,
                is_visible=before.is_visible or transition.is_visible,
                changes_edition=before.changes_edition or transition.changes_edition,
                puts_off=before.puts_off and transition.puts_off,
                passages=(*before.passages, *transition.passages),
                met_us=before.met_us or transition.met_us,
            )
        self._keep(transition.journey)
        self._transitions[journey_id] = transition

    def _keep(self, journey: Journey) -> None:
        self._of_person.setdefault(journey.person_id, {})[journey.journey_id] = journey

    @property
    def transitions(self) -> list[Transition]:
        """What became of those that changed."""
        return list(self._transitions.values())


def go(steps: Steps, group: Collection[str], transition: Transition | None, now_us: int) -> None:
    """Go a step; with a journey end all about the same, at rest or not, that its set is on."""
    steps.take(transition)
    if transition is None or not transition.journey.is_over:
        return
    for journey in steps.of(group):
        if journey.matter == transition.journey.matter:
            steps.take(end(journey, Outcome.MERGED, now_us))


def has_older(journey: Journey, together: Sequence[Journey]) -> bool:
    """Say whether an older journey is about the same."""
    return any(other.matter == journey.matter and _age(other) < _age(journey) for other in together)


def _age(journey: Journey) -> tuple[int, str]:
    return journey.started_us, journey.journey_id

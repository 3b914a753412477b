"""Who people were at moments of the past: their events folded again, by the code that runs live."""

from __future__ import annotations

import json
from collections import Counter
from typing import Protocol

from services.profile.definitions import ProfileDefinitions
from services.profile.domain.event import NO_DETAILS, Event
from services.profile.domain.fold import apply
from services.profile.domain.lookup import Person
from services.profile.domain.making import maker
from services.profile.domain.parking import FAULTS, reason_of
from services.profile.domain.ports import Member
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.domain.state import State, prune
from services.profile.snapshot import snapshot_of
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import HistoryColumns, ValueTiers

_EVENT = maker(Event)
_PRUNE_EVERY = 500
"""Events folded in one go: a state grows no larger between than it does live."""


class Events(Protocol):
    """Events by their number; each is made when it is asked for."""

    def at(self, number: int) -> Event: ...


class Sets(Protocol):
    """Who is one with whom."""

    def of(self, person_id: str) -> tuple[str, ...]:
        """Return the set of a person, oldest first; themselves where they stand alone."""
        ...


class ReplayedPeople:
    """People while their past goes by. Of each is folded what happened when somebody asks."""

    def __init__(
        self,
        events: Events,
        sets: Sets,
        definitions: ProfileDefinitions,
        tiers: Tiers = NO_TIERS,
    ) -> None:
        self._events = events
        self._sets = sets
        self._definitions = definitions
        self._tiers = tiers
        self._ahead: dict[str, list[int]] = {}
        """Numbers of events that are not folded yet, by the oldest of their set."""
        self._states: dict[str, State] = {}
        self._latest: tuple[str, int, PersonSnapshot] | None = None
        self.failures: Counter[str] = Counter()
        """Events that cannot be folded, by why; live they are parked."""
        self.folded = 0

    def add(self, oldest_id: str, number: int) -> None:
        """Let something happen to a set of persons."""
        ahead = self._ahead.get(oldest_id)
        if ahead is None:
            self._ahead[oldest_id] = [number]
        else:
            ahead.append(number)

    def snapshot(self, person_id: str, now_us: int) -> PersonSnapshot:
        """Return a person as profile would have told of them then; not to be changed."""
        person_ids = self._sets.of(person_id)
        oldest_id = person_ids[0]
        latest = self._latest
        if (
            latest is not None
            and latest[:2] == (oldest_id, now_us)
            and oldest_id not in self._ahead
        ):
            return latest[2]
        state = self._folded(oldest_id)
        if state is None:
            return PersonSnapshot(as_of_us=now_us)
        members = [Member(each, oldest_id, 1, 0, 0) for each in person_ids]
        person = Person(members, own_id=person_id, _state=state)
        found = snapshot_of(person, Arm.UNSPECIFIED, self._tiers, now_us, self._definitions)
        self._latest = oldest_id, now_us, found
        return found

    def _folded(self, oldest_id: str) -> State | None:
        ahead = self._ahead.pop(oldest_id, None)
        state = self._states.get(oldest_id)
        if ahead is None:
            return state
        if state is None:
            state = self._states[oldest_id] = State()
        for start in range(0, len(ahead), _PRUNE_EVERY):
            for number in ahead[start : start + _PRUNE_EVERY]:
                self._fold(state, number)
            prune(state)
        self.folded += len(ahead)
        return state

    def _fold(self, state: State, number: int) -> None:
        try:
            apply(state, self._events.at(number))
        except FAULTS as error:
            self.failures[reason_of(error)] += 1


def event_at(columns: HistoryColumns, place: int) -> Event:
    """Return one event of columns, as it was folded when it came in."""
    details = columns.details[place]
    return _EVENT(
        (
            columns.times_us[place],
            columns.types[place],
            columns.channels[place],
            columns.offer_nos[place],
            columns.family_nos[place],
            columns.categories[place],
            columns.brands[place],
            columns.price_micros[place],
            columns.cost_micros[place],
            columns.quantities[place],
            columns.value_micros[place],
            columns.session_ids[place],
            columns.order_ids[place],
            columns.gifts[place],
            columns.durations_s[place],
            columns.reassurances[place],
            columns.variants[place],
            columns.topics[place],
            json.loads(details) if details else NO_DETAILS,
        )
    )


def tiers_of(message: ValueTiers) -> Tiers:
    """Return the tiers of a message; nobody stands out by one that says nothing."""
    if not message.top_micros:
        return NO_TIERS
    return Tiers(message.top_micros, message.high_micros, message.medium_micros)

"""Who people were at moments of the past: their events folded again, by the code that runs live."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from services.profile.definitions import ProfileDefinitions
from services.profile.domain.event import NO_DETAILS, Event
from services.profile.domain.fold import apply
from services.profile.domain.lookup import Person
from services.profile.domain.making import maker
from services.profile.domain.parking import FAULTS, reason_of
from services.profile.domain.ports import Member
from services.profile.domain.reading import NO_TIERS, Tiers
from services.profile.domain.segments import segments_of
from services.profile.domain.state import State, prune
from services.profile.facts import add_part, parts_of
from services.profile.snapshot import snapshot_of
from services.profile.snapshot_traits import Moment
from shared.conditions.customer import FIELDS
from shared.conditions.person import PersonValues
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.common.v1.vocabulary_pb2 import Arm
from touchpoint.profile.v1.profile_pb2 import HistoryColumns, ValueTiers

_EVENT = maker(Event)
_MOST_AHEAD = 64
"""Events of somebody whom nobody asks about, until they are folded."""
_decode: Callable[[str], Mapping[str, str]] = json.JSONDecoder().decode

_OF_EVENT = tuple(
    each.name
    for each in HistoryColumns.DESCRIPTOR.fields
    if each.name not in ("person_ids", "placements")
)
"""Columns in the order of `Event`."""


class Sets(Protocol):
    """Who is one with whom."""

    def of(self, person_id: str) -> tuple[str, ...]:
        """Return the set of a person, oldest first; themselves where they stand alone."""
        ...


class ReplayedPeople:
    """People while their past goes by. Of each is folded what happened when somebody asks."""

    def __init__(
        self,
        sets: Sets,
        definitions: ProfileDefinitions,
        tiers: Tiers = NO_TIERS,
        parts: frozenset[str] | None = None,
    ) -> None:
        """Take who is one with whom, and what people are read by.

        `parts` are those that every snapshot has, all others are made when they are read; None:
        each has all of them.
        """
        self._sets = sets
        self._definitions = definitions
        self._tiers = tiers
        self._parts = parts
        self._ahead: dict[str, list[Event]] = {}
        """Events that are not folded yet, by the oldest of their set."""
        self._states: dict[str, State] = {}
        self._latest: tuple[str, int, PersonSnapshot, set[str]] | None = None
        """The last that was asked for, with the parts that it has."""
        self.failures: Counter[str] = Counter()
        """Events that cannot be folded, by why; live they are parked."""
        self.folded = 0

    def add(self, oldest_id: str, event: Event) -> None:
        """Let something happen to a set of persons."""
        ahead = self._ahead.get(oldest_id)
        if ahead is None:
            self._ahead[oldest_id] = [event]
            return
        ahead.append(event)
        if len(ahead) >= _MOST_AHEAD:
            self._folded(oldest_id)

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
        made: set[str] = set()
        if self._parts is None:
            found = self.whole(person_id, now_us)
        else:
            found = PersonSnapshot(as_of_us=now_us, person_ids=person_ids)
            for part in self._parts:
                self._grow(state, now_us, made, found, part)
        self._latest = oldest_id, now_us, found, made
        return found

    def whole(self, person_id: str, now_us: int) -> PersonSnapshot:
        """Return all parts of a person, whichever are asked for else."""
        person_ids = self._sets.of(person_id)
        state = self._folded(person_ids[0])
        if state is None:
            return PersonSnapshot(as_of_us=now_us)
        members = [Member(each, person_ids[0], 1, 0, 0) for each in person_ids]
        person = Person(members, own_id=person_id, _state=state)
        return snapshot_of(person, Arm.UNSPECIFIED, self._tiers, now_us, self._definitions)

    def values(self, snapshot: PersonSnapshot) -> PersonValues:
        """Return what conditions read of a snapshot that was asked for last, to be read at once.

        Parts that it has not are made when a field of theirs is read.
        """
        if self._parts is None:
            return PersonValues(snapshot)
        assert self._latest is not None, "whoever reads values has asked for a snapshot"
        oldest_id, now_us, latest, made = self._latest
        assert latest is snapshot, "it is not the latest any more"
        return _GrowingValues(snapshot, partial(self._grow, self._states[oldest_id], now_us, made))

    def add_parts(self, snapshot: PersonSnapshot, parts: Iterable[str]) -> None:
        """Make parts of a snapshot that was asked for last, which has not all of them."""
        if self._parts is None:
            return
        assert self._latest is not None, "whoever adds parts has asked for a snapshot"
        oldest_id, now_us, latest, made = self._latest
        assert latest is snapshot, "it is not the latest any more"
        for part in parts:
            self._grow(self._states[oldest_id], now_us, made, snapshot, part)

    def _grow(
        self, state: State, now_us: int, made: set[str], snapshot: PersonSnapshot, part: str
    ) -> None:
        """Make a part of a snapshot, unless it has it."""
        if part in made:
            return
        made.add(part)
        if part == "segments":
            for each in parts_of(self._definitions.reads):
                self._grow(state, now_us, made, snapshot, each)
            segments = self._definitions.segments
            snapshot.segments.extend(segments_of(segments, PersonValues(snapshot)))
        elif part:
            add_part(snapshot, state, Moment(now_us, self._tiers), self._definitions, part)

    def _folded(self, oldest_id: str) -> State | None:
        ahead = self._ahead.pop(oldest_id, None)
        state = self._states.get(oldest_id)
        if ahead is None:
            return state
        if state is None:
            state = self._states[oldest_id] = State()
        for event in ahead:
            try:
                apply(state, event)
            except FAULTS as error:
                self.failures[reason_of(error)] += 1
        prune(state)
        self.folded += len(ahead)
        return state


class _GrowingValues(PersonValues):
    """Values of a snapshot that gets each of its parts when it is first read."""

    __slots__ = ("_grow", "_of")

    def __init__(
        self, snapshot: PersonSnapshot, grow: Callable[[PersonSnapshot, str], None]
    ) -> None:
        super().__init__(snapshot)
        self._of = snapshot
        self._grow = grow

    def __missing__(self, name: str) -> Any:
        field = FIELDS.get(name)
        if field is not None:
            self._grow(self._of, field.part)
        return super().__missing__(name)


def events_of(columns: HistoryColumns) -> list[Event]:
    """Return all events of columns."""
    plain: list[Sequence[Any]] = [
        columns.times_us,
        columns.types,
        columns.channels,
        columns.offer_nos,
        columns.family_nos,
        columns.categories,
        columns.brands,
        columns.price_micros,
        columns.cost_micros,
        columns.quantities,
        columns.value_micros,
        columns.session_ids,
        columns.order_ids,
        columns.gifts,
        columns.durations_s,
        columns.reassurances,
        columns.variants,
        columns.topics,
    ]
    details = [_decode(each) if each else NO_DETAILS for each in columns.details]
    return list(map(_EVENT, zip(*plain, details, strict=True)))


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
            _decode(details) if details else NO_DETAILS,
        )
    )


def columns_of(rows: Iterable[tuple[str, Event, str]]) -> HistoryColumns:
    """Return events as columns: of each the person, what is folded, and the placement answered."""
    made = HistoryColumns()
    for person_id, event, placement in rows:
        made.person_ids.append(person_id)
        made.placements.append(placement)
        details = json.dumps(dict(event.details)) if event.details else ""
        for name, value in zip(_OF_EVENT, (*event[:-1], details), strict=True):
            getattr(made, name).append(value)
    return made


def tiers_of(message: ValueTiers) -> Tiers:
    """Return the tiers of a message; nobody stands out by one that says nothing."""
    if not message.top_micros:
        return NO_TIERS
    return Tiers(message.top_micros, message.high_micros, message.medium_micros)

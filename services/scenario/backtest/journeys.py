"""Journeys kept while events are played: what a store does, found by person and by due time."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.scenario.domain.effects import CountOccasion, Due
from services.scenario.domain.entries import Entry, entry_of
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.passage import may_hear
from services.scenario.domain.ports import (
    CALLS,
    CallDay,
    Claim,
    Ended,
    PersonSet,
    Tally,
    occasion_of,
)
from services.scenario.domain.scenario import Limits
from services.scenario.domain.transition import Transition
from shared.replacing import replace

_NOBODYS: Mapping[str, Journey] = {}


class Sets(Protocol):
    """Who is one with whom."""

    def of(self, person_id: str) -> tuple[str, ...]:
        """Return the set of a person, oldest first; themselves where they stand alone."""
        ...


class Watch(Protocol):
    """Is told of everything that a played journey does."""

    def moved(self, before: Journey | None, step: Transition, effects: Sequence[Due]) -> None:
        """Take a step, with those of its effects that were not brought about before."""
        ...

    def reached(self, entry: Entry) -> None:
        """Take that somebody who met what it takes to enter has reached the goal."""
        ...


@dataclass(slots=True)
class RoomsAsked:
    """How much room was asked for, whether or not there was any."""

    entered: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By scenario, or `CALLS`, and day."""
    most_under_way: Counter[str] = field(default_factory=Counter)
    """At one moment, by scenario."""

    def add(self, other: RoomsAsked) -> None:
        """Count what was asked for elsewhere, too; not all of it was at the same moment."""
        self.entered.update(other.entered)
        self.most_under_way.update(other.most_under_way)


class PlayedJourneys:
    """A `JourneyTransaction` that each step commits at once: nobody else is there."""

    def __init__(self, sets: Sets, watch: Watch) -> None:
        self._sets = sets
        self._watch = watch
        self._open: dict[str, dict[str, Journey]] = {}
        self._over: dict[str, dict[tuple[str, int], Ended]] = {}
        self._due: list[tuple[int, str, int, str]] = []
        """Time, journey, its version then, and person; of equal times the older journey first."""
        self._tallies: dict[str, list[Tally]] = {}
        self._rooms: dict[str, tuple[str, int]] = {}
        self._under_way: Counter[str] = Counter()
        self.asked = RoomsAsked()
        self._effects: set[tuple[str, int, int, str]] = set()
        self._waiting: dict[str, dict[str, Entry]] = {}
        """Entries without a goal so far, by person and journey."""
        self._met: set[str] = set()
        """Journeys that have an entry: of one that waits for room the first one counts."""
        self._held_out: dict[str, list[Entry]] = {}
        self.tried_again_us: dict[str, int] = {}
        """When a task is tried again that somebody said something of, by journey."""
        self.awaiting: dict[int, set[str]] = {}
        """Persons by the item whose return their stage waits for."""

    def may_hear(self, person_ids: Collection[str], event_type: str) -> bool:
        """Say whether an event of a type may change any journey that persons are on."""
        for person_id in person_ids:
            for journey in self._open.get(person_id, _NOBODYS).values():
                if may_hear(journey, event_type):
                    return True
        return False

    def have_entered(self, person_ids: Collection[str]) -> bool:
        """Say whether persons met what it takes to enter, and have not reached the goal so far."""
        return any(person_id in self._waiting for person_id in person_ids)

    def under_way(self) -> list[Journey]:
        """Return all that are not over."""
        return [each for theirs in self._open.values() for each in theirs.values()]

    def next_due_us(self) -> int:
        """Return when the next journey is to be looked at, 0 when none is."""
        while self._due:
            due_us, journey_id, version, person_id = self._due[0]
            journey = self._open.get(person_id, _NOBODYS).get(journey_id)
            if journey is not None and journey.version == version:
                return due_us
            heapq.heappop(self._due)
        return 0

    def next_due(self) -> Claim:
        """Take the journey that is due next; there is one."""
        _, journey_id, _, person_id = heapq.heappop(self._due)
        return Claim(self._open[person_id][journey_id], self._sets.of(person_id)[0])

    def journey(self, person_id: str, journey_id: str) -> Journey | None:
        """Return a journey that is not over."""
        return self._open.get(person_id, _NOBODYS).get(journey_id)

    async def sets_of(self, person_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        return {person_id: self._sets.of(person_id) for person_id in person_ids}

    async def keep_sets(self, sets: Sequence[PersonSet]) -> set[str]:
        raise NotImplementedError("who is one with whom is known before anything is played")

    async def mark(self, events: Sequence[Happened]) -> None:
        """Note nothing: a mark is for somebody who turns out to be one with its person."""

    async def marks_of(self, person_ids: Collection[str]) -> list[Happened]:
        return []

    async def open_of(self, person_ids: Collection[str]) -> list[Journey]:
        found = [
            journey
            for person_id in person_ids
            for journey in self._open.get(person_id, _NOBODYS).values()
        ]
        found.sort(key=lambda each: each.journey_id)
        return found

    async def put_off_tasks(self, journey_ids: Collection[str], now_us: int) -> set[str]:
        return {each for each in journey_ids if self.tried_again_us.get(each, 0) > now_us}

    async def ended(self, person_ids: Collection[str]) -> Mapping[tuple[str, str, int], Ended]:
        found = {
            (person_id, *matter): ended
            for person_id in person_ids
            for matter, ended in self._over.get(person_id, {}).items()
        }
        for entry in (
            each for person_id in person_ids for each in self._held_out.get(person_id, ())
        ):
            key = entry.person_id, *entry.journey.matter
            known = found.get(key, Ended(0, 0))
            found[key] = Ended(max(known.latest_us, entry.until_us), known.times + 1)
        return found

    async def waiting_of(self, person_ids: Collection[str], since_us: int) -> list[Entry]:
        found = []
        for person_id in person_ids:
            waiting = self._waiting.get(person_id)
            if waiting is None:
                continue
            for journey_id, entry in list(waiting.items()):
                if entry.until_us >= since_us:
                    found.append(entry)
                else:
                    del waiting[journey_id]
            if not waiting:
                del self._waiting[person_id]
        return found

    async def reach(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._waiting[entry.person_id].pop(entry.journey_id)
            self._watch.reached(entry)

    async def tally(self, tallies: Sequence[Tally]) -> None:
        for each in tallies:
            self._tallies.setdefault(each.person_id, []).append(each)

    async def tallies_of(self, person_ids: Collection[str]) -> list[Tally]:
        found = [each for person_id in person_ids for each in self._tallies.get(person_id, ())]
        found.sort(key=lambda each: each.time_us)
        return found

    async def lock_rooms(self, scenarios: Sequence[str], today: str) -> None:
        """Nothing: nobody else is there."""

    async def take_room(self, scenario: str, limits: Limits, today: str) -> bool:
        day, entered = self._rooms.get(scenario, (today, 0))
        entered = entered if day >= today else 0
        self.asked.entered[scenario, today] += 1
        if limits.per_day and entered >= limits.per_day:
            return False
        if limits.under_way and self._under_way[scenario] >= limits.under_way:
            return False
        self._rooms[scenario] = max(day, today), entered + 1
        return True

    async def take_call(self, day: CallDay) -> bool:
        """Say whether there is room: agents are taken to have done what was given on other days."""
        return await self.take_room(CALLS, Limits(per_day=day.most), day.today)

    async def leave_room(self, scenario: str) -> None:
        day, entered = self._rooms[scenario]
        self._rooms[scenario] = day, entered - 1

    async def save(self, transitions: Sequence[Transition]) -> None:
        for step in transitions:
            journey = step.journey
            before = self.journey(journey.person_id, journey.journey_id)
            self._keep(before, journey)
            if step.met_us and journey.journey_id in self._met:
                step = replace(step, met_us=0)
            entry = entry_of(step)
            if entry is not None:
                self._met.add(entry.journey_id)
                self._waiting.setdefault(entry.person_id, {})[entry.journey_id] = entry
                if entry.held_out:
                    self._held_out.setdefault(entry.person_id, []).append(entry)
            news = [due for due in step.effects if self._is_first(journey, due)]
            for due in news:
                if isinstance(due.effect, CountOccasion):
                    await self.tally([occasion_of(journey, due.effect)])
            self._watch.moved(before, step, news)

    def _keep(self, before: Journey | None, journey: Journey) -> None:
        person_id, name = journey.person_id, journey.scenario.name
        was_under_way = before is not None and before.occurrence > 0
        is_under_way = journey.occurrence > 0 and not journey.is_over
        self._under_way[name] += is_under_way - was_under_way
        if self._under_way[name] > self.asked.most_under_way[name]:
            self.asked.most_under_way[name] = self._under_way[name]
        self._await(before, journey)
        if not journey.is_over:
            self._open.setdefault(person_id, {})[journey.journey_id] = journey
            if journey.due_us:
                entry = journey.due_us, journey.journey_id, journey.version, person_id
                heapq.heappush(self._due, entry)
            return
        theirs = self._open.get(person_id, {})
        theirs.pop(journey.journey_id, None)
        if not theirs:
            self._open.pop(person_id, None)
        if journey.occurrence:
            behind = self._over.setdefault(person_id, {})
            known = behind.get(journey.matter, Ended(0, 0))
            behind[journey.matter] = Ended(max(known.latest_us, journey.ended_us), known.times + 1)

    def _await(self, before: Journey | None, journey: Journey) -> None:
        if not journey.item_no:
            return
        waited = before.awaited_no if before is not None else 0
        awaits = 0 if journey.is_over else journey.awaited_no
        if waited and waited != awaits:
            self.awaiting[waited].discard(journey.person_id)
        if awaits:
            self.awaiting.setdefault(awaits, set()).add(journey.person_id)

    def _is_first(self, journey: Journey, due: Due) -> bool:
        key = journey.journey_id, due.stage, due.occurrence, due.effect.kind
        if key in self._effects:
            return False
        self._effects.add(key)
        return True

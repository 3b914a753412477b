"""A transaction on journeys kept in memory, for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from services.scenario.domain.agents import Agent
from services.scenario.domain.entries import Entry
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey
from services.scenario.domain.ports import CALLS, CallDay, Ended, PersonSet, Tally
from services.scenario.domain.rooms import NO_LIMITS
from services.scenario.domain.scenario import Limits
from services.scenario.domain.tasks import Attempt, Task
from services.scenario.domain.transition import Transition

if TYPE_CHECKING:  # the store makes transactions of this kind
    from services.scenario.storage.in_memory_journeys import InMemoryJourneys


class InMemoryTransaction:
    """A `TaskTransaction` that no other runs beside."""

    def __init__(self, store: InMemoryJourneys) -> None:
        self._store = store
        self._entering = Counter[str]()
        """Journeys that found room and are not saved yet, by scenario."""

    async def sets_of(self, person_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        store = self._store
        return {each: store.set_of(each) for each in person_ids if each not in store.erased}

    async def keep_sets(self, sets: Sequence[PersonSet]) -> set[str]:
        store, touched = self._store, set[str]()
        for told in sets:
            known = store.sets.get(told.person_id)
            is_news = known.version < told.version if known else len(told.person_ids) > 1
            if is_news and told.person_id not in store.erased:
                touched.update(store.set_of(told.person_id), told.person_ids)
                store.sets[told.person_id] = told
        return touched

    async def mark(self, events: Sequence[Happened]) -> None:
        for event in events:
            key = event.person_id, event.type, event.offer_no
            known = self._store.marks.get(key)
            is_later = known is None or known.time_us < event.time_us
            if is_later and event.person_id not in self._store.erased:
                self._store.marks[key] = event

    async def marks_of(self, person_ids: Collection[str]) -> list[Happened]:
        found = [mark for mark in self._store.marks.values() if mark.person_id in person_ids]
        return sorted(found, key=lambda mark: mark.time_us)

    async def open_of(self, person_ids: Collection[str]) -> list[Journey]:
        found = await self._store.open_for(list(person_ids))
        return sorted(found, key=lambda each: each.journey_id)

    async def put_off_tasks(self, journey_ids: Collection[str], now_us: int) -> set[str]:
        return {
            task.journey_id
            for task, _ in self._store.tasks.values()
            if task.journey_id in journey_ids and task.is_put_off(now_us)
        }

    async def ended(self, person_ids: Collection[str]) -> Mapping[tuple[str, str, int], Ended]:
        ended: dict[tuple[str, str, int], Ended] = {}
        for journey in self._store.journeys.values():
            if journey.is_over and journey.occurrence and journey.person_id in person_ids:
                key = journey.person_id, *journey.matter
                known = ended.get(key, Ended(0, 0))
                latest_us = max(known.latest_us, journey.ended_us)
                ended[key] = Ended(latest_us, known.times + 1)
        for entry in self._store.entries.values():
            if entry.held_out and entry.person_id in person_ids:
                key = entry.person_id, *entry.journey.matter
                known = ended.get(key, Ended(0, 0))
                ended[key] = Ended(max(known.latest_us, entry.until_us), known.times + 1)
        return ended

    async def waiting_of(self, person_ids: Collection[str], since_us: int) -> list[Entry]:
        return [
            entry
            for entry in self._store.entries.values()
            if entry.person_id in person_ids and not entry.reached_us and entry.until_us >= since_us
        ]

    async def reach(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._store.entries[entry.journey_id] = entry

    async def tally(self, tallies: Sequence[Tally]) -> None:
        self._store.tallies.extend(
            each for each in tallies if each.person_id not in self._store.erased
        )

    async def tallies_of(self, person_ids: Collection[str]) -> list[Tally]:
        found = [each for each in self._store.tallies if each.person_id in person_ids]
        return sorted(found, key=lambda each: each.time_us)

    async def lock_rooms(self, scenarios: Sequence[str], today: str) -> None:
        """Nothing: no other transaction runs beside this one."""

    async def take_room(self, scenario: str, limits: Limits, today: str) -> bool:
        day, entered = self._store.rooms.get(scenario, (today, 0))
        entered = entered if day >= today else 0
        under_way = sum(
            each.scenario.name == scenario and not each.is_over and each.occurrence > 0
            for each in self._store.journeys.values()
        )
        under_way += self._entering[scenario]
        has_room = not (limits.per_day and entered >= limits.per_day) and not (
            limits.under_way and under_way >= limits.under_way
        )
        if has_room:
            self._entering[scenario] += 1
            self._store.rooms[scenario] = max(day, today), entered + 1
        return has_room

    async def leave_room(self, scenario: str) -> None:
        self._entering[scenario] -= 1
        day, entered = self._store.rooms[scenario]
        self._store.rooms[scenario] = day, entered - 1

    async def take_call(self, day: CallDay) -> bool:
        taken = self._store.calls_of(day).all + self._entering[CALLS]
        if day.most and taken >= day.most:
            return False
        return await self.take_room(CALLS, NO_LIMITS, day.today)

    async def save(self, transitions: Sequence[Transition]) -> None:
        self._entering.clear()
        for transition in transitions:
            self._store.write(transition)

    async def agent(self, agent_id: str) -> Agent | None:
        return await self._store.agents.find(agent_id)

    async def held_by(self, agent_id: str, now_us: int) -> int:
        return await self._store.held(agent_id, now_us)

    async def find_task(self, task_id: str, *, lock: bool) -> Task | None:
        known = self._store.tasks.get(task_id)
        return self._store.shown(known[0]) if known else None

    async def next_task(self, skills: Collection[str], now_us: int) -> Task | None:
        found = await self._store.waiting(skills, now_us, 1)
        return found[0] if found else None

    async def save_task(self, task: Task) -> None:
        _, occurrence = self._store.tasks[task.task_id]
        self._store.tasks[task.task_id] = task, occurrence

    async def add_attempt(self, attempt: Attempt, person_id: str) -> None:
        self._store.attempts.append(attempt)

    async def tell_of_call(self, task: Task, now_us: int) -> None:
        self._store.calls[task.contact_id] = now_us

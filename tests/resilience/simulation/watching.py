"""Looks at the stores after every commit, and notes what is new."""

from __future__ import annotations

from dataclasses import replace

from services.scenario.domain.effects import SendMessage
from services.scenario.domain.journey import Journey
from services.scenario.domain.outcomes import CALL_AGAIN
from services.scenario.domain.tasks import Task
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys
from shared.testing.clock import FakeClock
from tests.resilience.simulation.record import Effect, Held, Record, Seen

NEVER_US = 2**62


class Watcher:
    """The eye of a record."""

    def __init__(
        self,
        store: InMemoryJourneys,
        errands: InMemoryErrands,
        clock: FakeClock,
        record: Record,
    ) -> None:
        self._store = store
        self._errands = errands
        self._clock = clock
        self._record = record
        self._known: dict[str, Journey] = {}
        self._tasks: dict[str, Task] = {}
        self._told: set[str] = set()
        self.commits = 0
        self._began_us = clock.now_us()

    def look(self) -> None:
        """Note what was committed since the last look."""
        now_us = self._clock.now_us()
        self.commits += 1
        for journey_id in self._known.keys() - self._store.journeys.keys():
            gone = _seen(self._known.pop(journey_id), self.commits, now_us)
            self._record.seen.append(replace(gone, phase="GONE"))
        for journey_id, journey in self._store.journeys.items():
            if self._known.get(journey_id) is not journey:
                self._known[journey_id] = journey
                self._record.seen.append(_seen(journey, self.commits, now_us))
        for task_id, (task, _) in self._store.tasks.items():
            if self._tasks.get(task_id) is not task:
                self._tasks[task_id] = task
                self._record.held.append(_held(task, now_us))
        for task_id in self._store.tasks.keys() - self._told:
            task, occurrence = self._store.tasks[task_id]
            journey = self._store.journeys[task.journey_id]
            self._note(now_us, task_id, journey, _place(journey, "task"), occurrence, "task")
        for errand_id in self._store.errands.keys() - self._told:
            journey, due = self._store.errands[errand_id]
            stage = journey.scenario.stages[due.stage].name
            purpose = due.effect.order.purpose if isinstance(due.effect, SendMessage) else ""
            kind = due.effect.kind
            self._note(now_us, errand_id, journey, stage, due.occurrence, kind, purpose)

    def _note(
        self,
        now_us: int,
        ref: str,
        journey: Journey,
        stage: str,
        occurrence: int,
        kind: str,
        purpose: str = "",
    ) -> None:
        self._told.add(ref)
        self._record.effects.append(
            Effect(
                now_us,
                ref,
                journey.journey_id,
                journey.person_id,
                stage,
                occurrence,
                kind,
                purpose or "marketing",
            )
        )

    def next_us(self, now_us: int) -> int:
        """Return when the next journey or errand can be claimed, by what is kept of them."""
        store, errands = self._store, self._errands
        found = NEVER_US
        for journey in store.journeys.values():
            if not (journey.is_over or journey.dormant) and journey.due_us:
                found = min(found, max(journey.due_us, self._leased_us(store, journey.journey_id)))
        for errand in errands.all().values():
            owner = store.journeys.get(errand.journey_id)
            rests = owner is not None and owner.dormant and not owner.is_over
            if errand.is_open and not rests:
                found = min(found, max(errand.due_us, self._leased_us(errands, errand.errand_id)))
        return found

    def _leased_us(self, leases: InMemoryJourneys | InMemoryErrands, key: str) -> int:
        return self._began_us + int(leases._leases.get(key, 0.0) * 1e6) + 1

    def close(self) -> None:
        """Note what is left at the end."""
        store, record = self._store, self._record
        for errand_id, errand in self._errands.all().items():
            record.states[errand_id] = errand.state.value
            if errand.is_open:
                record.open_errands[errand_id] = errand.state.value
        record.left = {
            "journeys": {each.person_id for each in store.journeys.values()},
            "tasks": {task.person_id for task, _ in store.tasks.values()},
            "errands": {journey.person_id for journey, _ in store.errands.values()},
            "tallies": {each.person_id for each in store.tallies},
            "marks": {key[0] for key in store.marks},
            "entries": {each.person_id for each in store.entries.values()},
            "sets": set(store.sets),
        }


def _seen(journey: Journey, commit: int, now_us: int) -> Seen:
    return Seen(
        commit,
        now_us,
        journey.journey_id,
        journey.person_id,
        journey.scenario.name,
        journey.scenario.definition,
        journey.phase.name,
        journey.current.name if journey.current else "",
        journey.occurrence,
        journey.started_us,
        journey.outcome.value,
        journey.dormant,
    )


def _held(task: Task, now_us: int) -> Held:
    return Held(
        now_us,
        task.task_id,
        task.person_id,
        task.agent_id,
        task.claimed_until_us,
        task.outcome,
        task.due_us if task.latest == CALL_AGAIN and not task.outcome else 0,
    )


def _place(journey: Journey, kind: str) -> str:
    """Return a stage that gives a task; its key is certain by the occurrence."""
    return next((each.name for each in journey.scenario.stages if each.task is not None), kind)

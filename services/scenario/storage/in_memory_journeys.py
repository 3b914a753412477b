"""Journeys and tasks kept in memory, for tests."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace

from services.scenario.domain.campaigns import Campaign
from services.scenario.domain.effects import (
    CountOccasion,
    Due,
    GiveTask,
    NotePerson,
    RingBack,
    SendMessage,
    SetAttributes,
    TellAnswer,
)
from services.scenario.domain.entries import Entry, entry_of
from services.scenario.domain.errands import Dispatch
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import NOWHERE, Journey, Phase
from services.scenario.domain.passage import is_due
from services.scenario.domain.ports import CallDay, Claim, PersonSet, Tally, occasion_of
from services.scenario.domain.queue import Load
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.tasks import Attempt, Task
from services.scenario.domain.transition import Passage, Transition
from services.scenario.storage.in_memory import InMemoryAgents
from services.scenario.storage.in_memory_transaction import InMemoryTransaction
from services.scenario.storage.transaction import (
    is_cut_short,
    outcome_of_tasks,
    task_that_stays,
)

Key = tuple[str, int, int, str]
_TABLES = (
    "journeys",
    "effects",
    "passages",
    "entries",
    "tasks",
    "attempts",
    "campaigns",
    "errands",
    "cancelled",
    "sets",
    "calls",
    "marks",
    "rooms",
    "tallies",
    "_leases",
)
"""What a transaction that fails leaves as it was."""


class InMemoryJourneys:
    """A `JourneyStore` and `TaskStore` that forgets with its process."""

    def __init__(
        self,
        agents: InMemoryAgents | None = None,
        machine_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.agents = agents or InMemoryAgents()
        self.journeys: dict[str, Journey] = {}
        self.sets: dict[str, PersonSet] = {}
        self.erased: set[str] = set()
        self.effects: set[Key] = set()
        self.passages: dict[tuple[str, int], Passage] = {}
        """By journey and occurrence."""
        self.entries: dict[str, Entry] = {}
        """By journey."""
        self.campaigns: dict[str, tuple[Campaign, Dispatch]] = {}
        """Messages as they were ordered for no journey, by id."""
        self.errands: dict[str, tuple[Journey, Due]] = {}
        """What is to be done outside, by id."""
        self.cancelled: set[str] = set()
        """Messages that are not sent any more, by id."""
        self.rooms: dict[str, tuple[str, int]] = {}
        self.tallies: list[Tally] = []
        self.tasks: dict[str, tuple[Task, int]] = {}
        """Task and the occurrence of its journey that gave it."""
        self.attempts: list[Attempt] = []
        self.calls: dict[str, int] = {}
        """Contacts of calls that were told of, with the time of each."""
        self.marks: dict[tuple[str, str, int], Happened] = {}
        self._leases: dict[str, float] = {}
        self.machine_s = machine_s
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[InMemoryTransaction]:
        async with self._turn:
            before = {name: copy(getattr(self, name)) for name in _TABLES}
            try:
                yield InMemoryTransaction(self)
            except BaseException:
                for name, rows in before.items():
                    setattr(self, name, rows)
                raise

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until no transaction is open, and keep it so to the end of the block."""
        async with self._turn:
            yield

    async def claim(self, owner: str, now_us: int, lease_s: float, limit: int) -> list[Claim]:
        async with self.alone():
            free = [each for each in self._free() if is_due(each, now_us)]
            claims = []
            for journey in sorted(free, key=lambda each: each.due_us)[:limit]:
                claimed = replace(journey, token=journey.token + 1)
                self.journeys[journey.journey_id] = claimed
                self._leases[journey.journey_id] = self.machine_s() + lease_s
                known = self.sets.get(journey.person_id)
                claims.append(Claim(claimed, known.person_ids[0] if known else ""))
            return claims

    def calls_of(self, day: CallDay) -> Load:
        """Return what agents have to do of a day for journeys, and nobody asked for."""
        tasks = {task_id: task for task_id, (task, _) in self.tasks.items()}
        tried = [each for each in self.attempts if each.ended_us >= day.began_us]
        open_ones = [
            each
            for each in tasks.values()
            if not (each.is_over(day.now_us) or self.journeys[each.journey_id].dormant)
            and each.due_us < day.ends_us
        ]
        return Load(
            sum(not tasks[each.task_id].of_kind.was_asked_for for each in tried),
            sum(not each.of_kind.was_asked_for for each in open_ones),
        )

    async def put_off(self, claim: Claim, pause_s: float) -> None:
        async with self.alone():
            kept = self.journeys.get(claim.journey.journey_id)
            if kept and (kept.token, kept.version) == (claim.token, claim.journey.version):
                self._leases[kept.journey_id] = self.machine_s() + pause_s

    async def next_due_us(self) -> int:
        waiting = [each.due_us for each in self._free() if each.due_us]
        return min(waiting, default=0)

    async def open_for(self, person_ids: Sequence[str]) -> list[Journey]:
        found = [each for each in self._open() if each.person_id in person_ids]
        found.sort(key=lambda each: (max(each.entered_us, each.started_us), each.journey_id))
        return found[::-1]

    async def look_again(
        self,
        offer_nos: Sequence[int],
        scenarios: Collection[str],
        now_us: int,
        newer: Sequence[Scenario] = (),
    ) -> int:
        async with self.alone():
            return self._look_again(offer_nos, scenarios, now_us, newer)

    def _look_again(
        self,
        offer_nos: Sequence[int],
        scenarios: Collection[str],
        now_us: int,
        newer: Sequence[Scenario],
    ) -> int:
        found = 0
        editions = {scenario.name: scenario.definition for scenario in newer}
        for journey in self._open():
            proposes_in_vain = bool(journey.offer_nos) and (
                not set(offer_nos).isdisjoint(journey.offer_nos)
                or journey.scenario.name not in scenarios
            )
            is_later = journey.due_us > now_us or journey.due_us == 0
            own = journey.scenario.definition
            is_older = editions.get(journey.scenario.name, own) != own
            in_stage = journey.phase is Phase.STAGE and (proposes_in_vain or is_older)
            if is_later and (journey.phase is Phase.PARKED or in_stage):
                found += 1
                self._keep(replace(journey, due_us=now_us, version=journey.version + 1))
        return found

    async def export(self, person_ids: Sequence[str]) -> AsyncIterator[tuple[str, list[str]]]:
        theirs = [each for each in self.journeys.values() if each.person_id in person_ids]
        if theirs:
            yield "journeys", [json.dumps({"journey_id": each.journey_id}) for each in theirs]

    async def erase(self, person_ids: Sequence[str]) -> int:
        async with self._turn:
            self.erased.update(person_ids)
            gone = [each for each in self.journeys.values() if each.person_id in person_ids]
            tasks = [each for each, _ in self.tasks.values() if each.person_id in person_ids]
            sets = [each for each in self.sets if each in person_ids]
            errands = sum(journey.person_id in person_ids for journey, _ in self.errands.values())
            campaigns = [
                key for key, (_, each) in self.campaigns.items() if each.person_id in person_ids
            ]
            for errand_id in campaigns:
                del self.campaigns[errand_id]
            self._delete(gone)
            for person_id in sets:
                del self.sets[person_id]
            marks = [key for key in self.marks if key[0] in person_ids]
            for key in marks:
                del self.marks[key]
            tallies = [each for each in self.tallies if each.person_id in person_ids]
            self.tallies = [each for each in self.tallies if each.person_id not in person_ids]
            found = len(gone) + len(tasks) + len(sets) + len(marks)
            return found + len(tallies) + errands + len(campaigns)

    async def forget_over(self, before_us: int) -> int:
        gone = [
            each for each in self.journeys.values() if each.is_over and each.ended_us < before_us
        ]
        self._delete(gone)
        return len(gone)

    async def forget_marks(self, before_us: int) -> int:
        old = [key for key, mark in self.marks.items() if mark.time_us < before_us]
        for key in old:
            del self.marks[key]
        return len(old)

    async def forget_tallies(self, before_us: int) -> int:
        kept = [each for each in self.tallies if each.time_us >= before_us]
        gone, self.tallies = len(self.tallies) - len(kept), kept
        return gone

    async def awaited(self) -> list[int]:
        return sorted({each.awaited_no for each in self._waits() if each.awaited_no})

    async def awaiting(self, item_no: int, limit: int) -> list[str]:
        found = {
            each.person_id
            for each in self._waits()
            if each.awaited_no == item_no and each.next_stage == NOWHERE
        }
        return sorted(found)[:limit]

    def _waits(self) -> list[Journey]:
        return [each for each in self._open() if not each.dormant]

    async def waiting(self, skills: Collection[str], now_us: int, limit: int) -> Sequence[Task]:
        free = [
            task
            for task, _ in self.tasks.values()
            if task.due_us <= now_us
            and not (task.is_over(now_us) or task.is_held(now_us) or self._rests(task))
            and set(task.skills) <= set(skills)
        ]
        free.sort(
            key=lambda task: (-task.of_kind.precedence, -task.priority, task.due_us, task.task_id)
        )
        return [self.shown(task) for task in free[:limit]]

    async def held_tasks(self, agent_id: str, now_us: int) -> Sequence[Task]:
        held = [
            self.shown(task)
            for task, _ in self.tasks.values()
            if task.agent_id == agent_id and task.is_held(now_us) and not task.is_over(now_us)
        ]
        return sorted(held, key=lambda task: (task.claimed_until_us, task.task_id))

    async def held(self, agent_id: str, now_us: int) -> int:
        return len(await self.held_tasks(agent_id, now_us))

    async def noted(self, person_ids: Sequence[str], limit: int) -> Sequence[Attempt]:
        found = [
            each
            for each in self.attempts
            if each.note and self.tasks[each.task_id][0].person_id in person_ids
        ]
        found.sort(key=lambda each: (each.ended_us, each.task_id, each.number), reverse=True)
        return found[:limit]

    def set_of(self, person_id: str) -> tuple[str, ...]:
        known = self.sets.get(person_id)
        return known.person_ids if known else (person_id,)

    def shown(self, task: Task) -> Task:
        """Return a task with what depends on the set of its person as it is now."""
        person_ids = self.set_of(task.person_id)
        return replace(task, person_ids=person_ids, rests=self._rests(task))

    def write(self, transition: Transition) -> None:
        """Keep a journey and bring about what is not there yet."""
        journey = transition.journey
        is_there = transition.is_new and journey.journey_id in self.journeys
        if journey.person_id in self.erased or is_there:
            return
        self._keep(journey)
        for passage in transition.passages:
            self.passages.setdefault((journey.journey_id, passage.occurrence), passage)
        entry = entry_of(transition)
        if entry is not None:
            self.entries.setdefault(journey.journey_id, entry)
        for due in transition.effects:
            key = (journey.journey_id, due.stage, due.occurrence, due.effect.kind)
            if key not in self.effects:
                self.effects.add(key)
                self._bring_about(journey, due)
        self._end_tasks(journey)
        self._cancel_messages(journey)

    def _bring_about(self, journey: Journey, due: Due) -> None:
        if isinstance(due.effect, CountOccasion):
            self.tallies.append(occasion_of(journey, due.effect))
        elif journey.scenario.is_shadow:
            return
        elif isinstance(due.effect, GiveTask):
            task = self._task(journey, due.effect)
            self.tasks[task.task_id] = task, due.occurrence
            if task.of_kind.was_asked_for:
                ring_back = replace(due, effect=RingBack.of(task.task_id, due.effect, journey))
                self._order(journey, ring_back)
        elif isinstance(due.effect, SendMessage | SetAttributes | NotePerson | TellAnswer):
            self._order(journey, due)

    def _order(self, journey: Journey, due: Due) -> None:
        self.errands[f"errand-{next(self._numbers):04d}"] = journey, due

    def _rests(self, task: Task) -> bool:
        return self.journeys[task.journey_id].dormant

    def _task(self, journey: Journey, effect: GiveTask) -> Task:
        order = effect.order
        return Task(
            task_id=f"task-{next(self._numbers):04d}",
            journey_id=journey.journey_id,
            person_id=journey.person_id,
            kind=order.kind,
            due_us=effect.due_us,
            expires_us=effect.expires_us,
            reason=order.reason,
            script=effect.script,
            offer_ids=effect.offer_ids,
            skills=order.skills,
            priority=order.priority,
            time_zone=effect.time_zone,
            passed_over=effect.passed_over,
        )

    def _end_tasks(self, journey: Journey) -> None:
        for task, occurrence in list(self.tasks.values()):
            is_other = occurrence != task_that_stays(journey)
            if task.journey_id == journey.journey_id and is_other and not task.outcome:
                ended = replace(task, outcome=outcome_of_tasks(journey), claimed_until_us=0)
                self.tasks[task.task_id] = ended, occurrence

    def _cancel_messages(self, journey: Journey) -> None:
        for errand_id, (told, due) in self.errands.items():
            if told.journey_id != journey.journey_id or not isinstance(due.effect, SendMessage):
                continue
            is_other = due.occurrence != task_that_stays(journey)
            if is_other and (due.effect.expires_us or is_cut_short(journey)):
                self.cancelled.add(errand_id)

    def waiting_messages(self) -> list[str]:
        """Return the stages whose messages are still to be sent."""
        return [
            journey.scenario.stages[due.stage].name
            for errand_id, (journey, due) in self.errands.items()
            if isinstance(due.effect, SendMessage) and errand_id not in self.cancelled
        ]

    def _delete(self, gone: Sequence[Journey]) -> None:
        ids = {journey.journey_id for journey in gone}
        self.effects = {key for key in self.effects if key[0] not in ids}
        for errand_id, (told, _) in list(self.errands.items()):
            if told.journey_id in ids:
                del self.errands[errand_id]
                self.cancelled.discard(errand_id)
        for journey in gone:
            del self.journeys[journey.journey_id]
            self.entries.pop(journey.journey_id, None)
            for number in range(1, journey.occurrence + 1):
                self.passages.pop((journey.journey_id, number), None)
            for task, _ in list(self.tasks.values()):
                if task.journey_id == journey.journey_id:
                    del self.tasks[task.task_id]
                    self.attempts = [each for each in self.attempts if each.task_id != task.task_id]

    def _keep(self, journey: Journey) -> None:
        self.journeys[journey.journey_id] = journey
        self._leases.pop(journey.journey_id, None)

    def _open(self) -> list[Journey]:
        return [each for each in self.journeys.values() if not each.is_over]

    def _free(self) -> list[Journey]:
        now_s = self.machine_s()
        return [
            each
            for each in self._open()
            if not each.dormant and self._leases.get(each.journey_id, now_s) <= now_s
        ]

"""Journeys, their effects and tasks within one transaction of PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import astuple

from services.scenario.domain.agents import Agent
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
from services.scenario.domain.facts import Happened
from services.scenario.domain.journey import Journey, Outcome, Phase
from services.scenario.domain.ports import CALLS, CallDay, Ended, PersonSet, Tally, occasion_of
from services.scenario.domain.scenario import Limits
from services.scenario.domain.tasks import Attempt, Task
from services.scenario.domain.transition import Transition
from services.scenario.storage.agents import agent_of
from services.scenario.storage.notes import Notes
from services.scenario.storage.notices import call_made, journey_notice, publication
from services.scenario.storage.rows import (
    columns,
    entry_columns,
    entry_row,
    journey_of,
    load_of,
    moved_columns,
    new_columns,
    new_errand_row,
    new_task_row,
    tally_columns,
    tally_of,
    task_of,
)
from shared.bus import append
from shared.postgres import Queries, Transaction

_SQL = Queries.beside(__file__, "journeys.sql")
_TASKS = Queries.beside(__file__, "tasks.sql")
BEGIN = f"BEGIN; {_SQL.pass_gate}"
"""Begins a transaction that has passed the gate, in one round trip."""
_EVERY_TASK = -1
"""Stands for the stage whose task goes on, where none does."""
EXPIRED, CANCELLED = "expired", "cancelled"
"""Outcomes of tasks that end with their journey or stage."""


class PostgresJourneyTransaction:
    """A `TaskTransaction` on an open transaction that has passed the gate; see `enter`."""

    def __init__(self, transaction: Transaction, notes: Notes | None = None) -> None:
        self._tx = transaction
        self._notes = notes
        self._entering = Counter[str]()
        """Journeys that found room and are not saved yet, by scenario."""
        self._calls: int | None = None
        """What agents have to do today without these; None: not asked yet."""

    @classmethod
    async def enter(cls, transaction: Transaction) -> PostgresJourneyTransaction:
        """Pass the gate: no person is erased until the transaction ends."""
        await transaction.execute(_SQL.pass_gate)
        return cls(transaction)

    async def sets_of(self, person_ids: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        rows = await self._tx.fetch(_SQL.sets_of, list(person_ids))
        return {row["person_id"]: tuple(row["person_ids"]) for row in rows}

    async def keep_sets(self, sets: Sequence[PersonSet]) -> set[str]:
        newest: dict[str, PersonSet] = {}
        for told in sorted(sets, key=lambda each: each.version):
            newest[told.person_id] = told
        before = await self._tx.fetch(_SQL.known_sets, list(newest))
        rows = await self._tx.fetch(
            _SQL.keep_sets,
            list(newest),
            [",".join(told.person_ids) for told in newest.values()],
            [told.version for told in newest.values()],
        )
        moved = {row["person_id"] for row in rows}
        touched = {person_id for row in rows for person_id in row["person_ids"]}
        for row in before:
            if row["person_id"] in moved:
                touched.update(row["person_ids"])
        if touched:
            await self._tx.execute(_SQL.ask_again, list(touched))
        return touched | moved

    async def mark(self, events: Sequence[Happened]) -> None:
        await self._tx.execute(
            _SQL.add_marks,
            [event.person_id for event in events],
            [event.type for event in events],
            [event.offer_no for event in events],
            [event.time_us for event in events],
        )

    async def marks_of(self, person_ids: Collection[str]) -> list[Happened]:
        rows = await self._tx.fetch(_SQL.marks_of, list(person_ids))
        return [
            Happened(row["person_id"], row["type"], row["time_us"], row["offer_no"]) for row in rows
        ]

    async def open_of(self, person_ids: Collection[str]) -> list[Journey]:
        rows = await self._tx.fetch(_SQL.lock_open, list(person_ids))
        return [journey_of(row) for row in rows]

    async def put_off_tasks(self, journey_ids: Collection[str], now_us: int) -> set[str]:
        rows = await self._tx.fetch(_TASKS.lock_put_off, list(journey_ids), now_us)
        return {row["journey_id"] for row in rows}

    async def ended(self, person_ids: Collection[str]) -> Mapping[tuple[str, str, int], Ended]:
        rows = await self._tx.fetch(_SQL.ended, list(person_ids))
        return {
            (row["person_id"], row["scenario"], row["subject_no"]): Ended(
                row["latest_us"], row["times"]
            )
            for row in rows
        }

    async def tally(self, tallies: Sequence[Tally]) -> None:
        await self._tx.execute(_SQL.add_tallies, *tally_columns(tallies))

    async def tallies_of(self, person_ids: Collection[str]) -> list[Tally]:
        rows = await self._tx.fetch(_SQL.tallies_of, list(person_ids))
        return [tally_of(row) for row in rows]

    async def lock_rooms(self, scenarios: Sequence[str], today: str) -> None:
        for scenario in scenarios:
            await self._tx.execute(_SQL.lock_room, scenario, today)

    async def take_room(self, scenario: str, limits: Limits, today: str) -> bool:
        entered = int(await self._tx.fetchval(_SQL.lock_room, scenario, today))
        if limits.per_day and entered >= limits.per_day:
            return False
        if limits.under_way:
            # Read after the lock: whoever held it before has committed.
            under_way = int(await self._tx.fetchval(_SQL.count_under_way, scenario))
            if under_way + self._entering[scenario] >= limits.under_way:
                return False
        self._entering[scenario] += 1
        await self._tx.execute(_SQL.take_room, scenario)
        return True

    async def take_call(self, day: CallDay) -> bool:
        await self._tx.execute(_SQL.lock_room, CALLS, day.today)
        if self._calls is None:
            # Read after the lock, and once: nobody else gives any until this ends.
            found = await self._tx.fetchrow(_SQL.calls_of, day.began_us, day.ends_us, day.now_us)
            self._calls = load_of(found).all
        if day.most and self._calls + self._entering[CALLS] >= day.most:
            return False
        self._entering[CALLS] += 1
        await self._tx.execute(_SQL.take_room, CALLS)
        return True

    async def leave_room(self, scenario: str) -> None:
        self._entering[scenario] -= 1
        await self._tx.execute(_SQL.leave_room, scenario)

    async def save(self, transitions: Sequence[Transition]) -> None:
        self._entering.clear()
        self._calls = None
        # Nearly every step is only later, and many are written at once.
        await self._put_off([each.journey for each in transitions if _is_only_later(each)])
        moved = [each for each in transitions if not (each.is_new or _is_only_later(each))]
        if moved:
            await self._tx.execute(_SQL.move_journeys, *moved_columns(moved))
        written = moved + await self._added([each for each in transitions if each.is_new])
        await self._record(written)
        await self._bring_about([each for each in written if each.effects])
        await self._end_tasks([each.journey for each in moved])
        notices = [journey_notice(each.journey) for each in written if each.is_visible]
        if notices:
            await append(self._tx, [publication(notice) for notice in notices])

    async def waiting_of(self, person_ids: Collection[str], since_us: int) -> list[Entry]:
        rows = await self._tx.fetch(_SQL.entries_waiting, list(person_ids), since_us)
        return [entry_row(row) for row in rows]

    async def reach(self, entries: Sequence[Entry]) -> None:
        await self._tx.execute(
            _SQL.reach_entries,
            [entry.journey_id for entry in entries],
            [entry.reached_us for entry in entries],
            [entry.value_micros for entry in entries],
        )

    async def agent(self, agent_id: str) -> Agent | None:
        row = await self._tx.fetchrow(_TASKS.lock_agent, agent_id)
        return None if row is None else agent_of(row)

    async def held_by(self, agent_id: str, now_us: int) -> int:
        return int(await self._tx.fetchval(_TASKS.held_by, agent_id, now_us))

    async def find_task(self, task_id: str, *, lock: bool) -> Task | None:
        statement = _TASKS.lock_task if lock else _TASKS.find_task
        row = await self._tx.fetchrow(statement, task_id)
        return None if row is None else task_of(row)

    async def next_task(self, skills: Collection[str], now_us: int) -> Task | None:
        row = await self._tx.fetchrow(_TASKS.next_task, list(skills), now_us)
        return None if row is None else task_of(row)

    async def save_task(self, task: Task) -> None:
        await self._tx.execute(
            _TASKS.save_task,
            task.task_id,
            task.agent_id,
            task.claimed_until_us,
            task.claims,
            task.due_us,
            task.outcome,
            task.ended_by,
            task.expires_us,
            task.latest,
            task.tries,
        )

    async def add_attempt(self, attempt: Attempt, person_id: str) -> None:
        sealed = None
        if attempt.note and self._notes is not None:
            sealed = await self._notes.seal(self._tx, person_id, attempt.note)
        await self._tx.execute(_TASKS.add_attempt, *astuple(attempt)[:-1], sealed)

    async def tell_of_call(self, task: Task, now_us: int) -> None:
        await append(self._tx, [call_made(task.contact_id, task.person_id, now_us)])

    async def _put_off(self, journeys: Sequence[Journey]) -> None:
        if journeys:
            await self._tx.execute(
                _SQL.move_due_times,
                [journey.journey_id for journey in journeys],
                [journey.version for journey in journeys],
                [journey.due_us for journey in journeys],
            )

    async def _added(self, begun: Sequence[Transition]) -> list[Transition]:
        if not begun:
            return []
        rows = await self._tx.fetch(_SQL.add_journeys, *new_columns(begun))
        added = {row["journey_id"] for row in rows}
        return [each for each in begun if each.journey.journey_id in added]

    async def _record(self, written: Sequence[Transition]) -> None:
        """Keep the stages that were entered, and who met what it takes to."""
        passed = [(each.journey.journey_id, one) for each in written for one in each.passages]
        if passed:
            await self._tx.execute(
                _SQL.add_passages,
                [journey_id for journey_id, _ in passed],
                [passage.occurrence for _, passage in passed],
                [passage.stage for _, passage in passed],
                [passage.entered_us for _, passage in passed],
            )
        entries = [entry for each in written if (entry := entry_of(each)) is not None]
        if entries:
            await self._tx.execute(_SQL.add_entries, *entry_columns(entries))

    async def _bring_about(self, transitions: Sequence[Transition]) -> None:
        """Write effects whose key is not there yet."""
        made = [(each.journey, due) for each in transitions for due in each.effects]
        if not made:
            return
        rows = await self._tx.fetch(
            _SQL.add_effects,
            [journey.journey_id for journey, _ in made],
            [due.stage for _, due in made],
            [due.occurrence for _, due in made],
            [due.effect.kind for _, due in made],
        )
        first = {(row["journey_id"], row["stage"], row["occurrence"], row["kind"]) for row in rows}
        news = [
            (journey, due)
            for journey, due in made
            if (journey.journey_id, due.stage, due.occurrence, due.effect.kind) in first
        ]
        await self._do([each for each in news if not each[0].scenario.is_shadow])
        counted = [
            occasion_of(journey, due.effect)
            for journey, due in news
            if isinstance(due.effect, CountOccasion)
        ]
        if counted:
            await self.tally(counted)

    async def _do(self, news: Sequence[tuple[Journey, Due]]) -> None:
        tasks, errands = [], []
        for journey, due in news:
            if isinstance(due.effect, GiveTask):
                row = new_task_row(journey, due, due.effect)
                tasks.append(row)
                if due.effect.was_asked_for:
                    ring_back = RingBack.of(row[0], due.effect, journey)
                    errands.append(new_errand_row(journey, due, ring_back))
            elif isinstance(due.effect, SendMessage | SetAttributes | NotePerson | TellAnswer):
                errands.append(new_errand_row(journey, due, due.effect))
        if tasks:
            await self._tx.execute(_SQL.add_tasks, *columns(tasks))
        if errands:
            await self._tx.execute(_SQL.add_errands, *columns(errands))

    async def _end_tasks(self, journeys: Sequence[Journey]) -> None:
        gave = [journey for journey in journeys if _may_have_tasks(journey)]
        if gave:
            await self._tx.execute(
                _SQL.end_tasks,
                [journey.journey_id for journey in gave],
                [task_that_stays(journey) for journey in gave],
                [outcome_of_tasks(journey) for journey in gave],
            )
        told = [journey for journey in journeys if journey.messages]
        if told:
            await self._tx.execute(
                _SQL.cancel_messages,
                [journey.journey_id for journey in told],
                [task_that_stays(journey) for journey in told],
                [is_cut_short(journey) for journey in told],
            )


def _is_only_later(transition: Transition) -> bool:
    """Say whether nothing is written but its time."""
    return transition.puts_off and not transition.met_us


def _may_have_tasks(journey: Journey) -> bool:
    """Say whether another stage than the present one may have given a task."""
    return journey.occurrence > (1 if journey.phase is Phase.STAGE else 0)


def task_that_stays(journey: Journey) -> int:
    """Return the occurrence whose task goes on after a move, or one that no task has."""
    return journey.occurrence if journey.phase is Phase.STAGE else _EVERY_TASK


def outcome_of_tasks(journey: Journey) -> str:
    """Return how the other tasks of a journey end."""
    return CANCELLED if is_cut_short(journey) else EXPIRED


def is_cut_short(journey: Journey) -> bool:
    """Say whether a journey ended before its last stage had its time."""
    return journey.is_over and journey.outcome is not Outcome.PASSED

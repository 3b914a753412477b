"""Journeys and tasks kept in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

from services.scenario.domain.journey import Journey
from services.scenario.domain.ports import Claim
from services.scenario.domain.scenario import Scenario
from services.scenario.domain.tasks import Attempt, Task
from services.scenario.storage.export import export_person
from services.scenario.storage.notes import Notes
from services.scenario.storage.notices import erased_notice, publication
from services.scenario.storage.rows import journey_of, task_of
from services.scenario.storage.transaction import BEGIN, PostgresJourneyTransaction
from shared.bus import append
from shared.bus.forgetting import forget_in_parked
from shared.person_export import Rows
from shared.postgres import Database, Queries, Transaction

_SQL = Queries.beside(__file__, "journeys.sql")
_TASKS = Queries.beside(__file__, "tasks.sql")


class PostgresJourneys:
    """A `JourneyStore` and `TaskStore` on the service's schema."""

    def __init__(self, database: Database, notes: Notes) -> None:
        self._database = database
        self._notes = notes

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgresJourneyTransaction]:
        async with self._database.transaction(BEGIN) as transaction:
            yield PostgresJourneyTransaction(transaction, self._notes)

    async def claim(self, owner: str, now_us: int, lease_s: float, limit: int) -> list[Claim]:
        rows = await self._database.fetch(_SQL.claim_due, owner, now_us, lease_s, limit)
        claims = [Claim(journey_of(row), row["oldest_id"]) for row in rows]
        return sorted(claims, key=lambda claim: claim.journey.due_us)

    async def put_off(self, claim: Claim, pause_s: float) -> None:
        journey = claim.journey
        await self._database.execute(
            _SQL.put_off, journey.journey_id, claim.token, journey.version, pause_s
        )

    async def next_due_us(self) -> int:
        return int(await self._database.fetchval(_SQL.next_due))

    async def open_for(self, person_ids: Sequence[str]) -> list[Journey]:
        rows = await self._database.fetch(_SQL.open_for, list(person_ids))
        return [journey_of(row) for row in rows]

    async def look_again(
        self,
        offer_nos: Sequence[int],
        scenarios: Collection[str],
        now_us: int,
        newer: Sequence[Scenario] = (),
    ) -> int:
        found = await self._database.fetchval(
            _SQL.look_again,
            now_us,
            list(offer_nos),
            list(scenarios),
            [scenario.name for scenario in newer],
            [scenario.definition for scenario in newer],
        )
        return int(found)

    async def awaited(self) -> list[int]:
        return [row["awaited_no"] for row in await self._database.fetch(_SQL.awaited)]

    async def awaiting(self, item_no: int, limit: int) -> list[str]:
        rows = await self._database.fetch(_SQL.awaiting, item_no, limit)
        return [row["person_id"] for row in rows]

    async def forget_tallies(self, before_us: int) -> int:
        return int(await self._database.fetchval(_SQL.forget_tallies, before_us))

    def export(self, person_ids: Sequence[str]) -> AsyncIterator[Rows]:
        return export_person(self._database, self._notes, person_ids)

    async def erase(self, person_ids: Sequence[str]) -> int:
        async with self._database.transaction() as transaction:
            return await erase_persons(transaction, person_ids)

    async def forget_over(self, before_us: int) -> int:
        return int(await self._database.fetchval(_SQL.forget_over, before_us))

    async def forget_marks(self, before_us: int) -> int:
        return int(await self._database.fetchval(_SQL.forget_marks, before_us))

    async def proposing(self) -> list[Journey]:
        """Return every journey that proposes something."""
        return [journey_of(row) for row in await self._database.fetch(_SQL.proposing)]

    async def changed_lately(self, within_s: float) -> list[Journey]:
        """Return journeys that changed within so many seconds, over ones included."""
        rows = await self._database.fetch(_SQL.changed_lately, within_s)
        return [journey_of(row) for row in rows]

    async def waiting(self, skills: Collection[str], now_us: int, limit: int) -> Sequence[Task]:
        rows = await self._database.fetch(_TASKS.waiting_tasks, list(skills), now_us, limit)
        return [task_of(row) for row in rows]

    async def held_tasks(self, agent_id: str, now_us: int) -> Sequence[Task]:
        rows = await self._database.fetch(_TASKS.held_tasks, agent_id, now_us)
        return [task_of(row) for row in rows]

    async def held(self, agent_id: str, now_us: int) -> int:
        return int(await self._database.fetchval(_TASKS.held_by, agent_id, now_us))

    async def noted(self, person_ids: Sequence[str], limit: int) -> list[Attempt]:
        return await self._notes.noted(self._database, person_ids, limit)


async def erase_persons(transaction: Transaction, person_ids: Sequence[str]) -> int:
    """Delete all that is kept of persons, tell of their journeys, and return how many rows."""
    persons = list(person_ids)
    await transaction.execute(_SQL.close_gate)
    await transaction.execute(_SQL.note_erased, persons)
    tasks = int(await transaction.fetchval(_SQL.count_tasks, persons))
    errands = int(await transaction.fetchval(_SQL.erase_errands, persons))
    rows = await transaction.fetch(_SQL.erase_journeys, persons)
    keys = int(await transaction.fetchval(_SQL.erase_keys, persons))
    sets = int(await transaction.fetchval(_SQL.erase_sets, persons))
    marks = int(await transaction.fetchval(_SQL.erase_marks, persons))
    marks += int(await transaction.fetchval(_SQL.erase_tallies, persons))
    parked = await forget_in_parked(transaction, persons)
    notices = [erased_notice(row["journey_id"], row["person_id"], row["version"]) for row in rows]
    if notices:
        await append(transaction, [publication(notice) for notice in notices])
    return len(rows) + tasks + errands + keys + sets + marks + parked

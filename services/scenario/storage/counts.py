"""Counts journeys for reports, in PostgreSQL."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from typing import TypeVar

from services.scenario.domain import counts as found
from services.scenario.domain.counts import Counted, Counts, Stands
from services.scenario.domain.endings import DAY_US
from services.scenario.domain.journey import Phase
from services.scenario.domain.scenario import Scenario
from services.scenario.reading import kept_scenario
from shared.postgres import Database, Queries, Transaction

_SQL = Queries.beside(__file__, "counts.sql")
_AT_ONE_MOMENT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TIMEOUT_S = 300.0
_KEPT_DAYS = 400
"""Of what could not be evaluated."""
_STANDING = ("number", "overdue", "parked_long", "endless")
_Counting = TypeVar(
    "_Counting",
    found.Flows,
    found.Visits,
    found.Ends,
    found.Tasks,
    found.Messages,
    found.Met,
    found.Failed,
    found.TakenUp,
)


class PostgresCounts:
    """A `CountStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, counted: Counted) -> Counts:
        async with self._database.transaction(_AT_ONE_MOMENT) as transaction:
            reading = _Reading(transaction, counted)
            return Counts(
                stands=await reading.stands(),
                flows=await reading.counted(found.Flows, _SQL.flows),
                visits=await reading.counted(found.Visits, _SQL.visits),
                ends=await reading.counted(found.Ends, _SQL.ends),
                tasks=await reading.counted(found.Tasks, _SQL.tasks),
                messages=await reading.counted(found.Messages, _SQL.messages),
                met=await reading.counted(found.Met, _SQL.met, counted.now_us),
                failed=await reading.counted(found.Failed, _SQL.failed),
                taken_up=await reading.counted(found.TakenUp, _SQL.taken_up),
            )

    async def latest_edition(self, scenario: str) -> Scenario | None:
        definition = await self._database.fetchval(_SQL.latest_edition, scenario)
        return None if definition is None else kept_scenario(definition)

    async def add_unevaluated(self, times: Mapping[tuple[str, str], int], now_us: int) -> None:
        """See `UnevaluatedStore`."""
        day = now_us // DAY_US
        await self._database.execute(
            _SQL.add_unevaluated,
            [scenario for scenario, _ in times],
            [place for _, place in times],
            list(times.values()),
            day,
        )
        await self._database.execute(_SQL.forget_unevaluated, day - _KEPT_DAYS)


class _Reading:
    """One reading of all tables."""

    def __init__(self, transaction: Transaction, counted: Counted) -> None:
        self._tx = transaction
        self._counted = counted

    async def counted(
        self, make: Callable[..., _Counting], query: str, *more: object
    ) -> tuple[_Counting, ...]:
        """Return what a query counts, in order; its columns are the fields of what is made."""
        asked = self._counted
        rows = await self._tx.fetch(
            query, asked.scenario, asked.since_us, *more, timeout_s=_TIMEOUT_S
        )
        return tuple(sorted((make(*row.values()) for row in rows), key=astuple))

    async def stands(self) -> tuple[Stands, ...]:
        asked = self._counted
        since = asked.overdue_us, asked.parked_us, asked.endless_us
        rows = await self._tx.fetch(_SQL.stands, asked.scenario, *since, timeout_s=_TIMEOUT_S)
        numbers = defaultdict[tuple[str, str, str, str], list[int]](lambda: [0, 0, 0, 0])
        again = defaultdict[tuple[str, str, str, str], int](int)
        for row in rows:
            # Editions may have a stage in another place.
            stages = kept_scenario(row["definition"]).stages
            stage = stages[row["stage"]].name if row["stage"] >= 0 else ""
            phase = found.phase_name(Phase(row["phase"]))
            key = row["scenario"], stage, phase, row["obstacle"]
            for place, column in enumerate(_STANDING):
                numbers[key][place] += row[column]
            again[key] = min(again[key] or row["again_us"], row["again_us"] or again[key])
        return tuple(
            replace(Stands(*key, *numbers[key]), again_us=again[key]) for key in sorted(numbers)
        )

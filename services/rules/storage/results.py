"""Results of rules in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from asyncpg import BitString

from services.rules.domain.failures import NO_FAILURES, FailureKey, RecentFailure
from services.rules.domain.people import BITS
from services.rules.domain.results import (
    AnswerCount,
    AnswerCounts,
    AnswerKey,
    Count,
    CountKey,
    Counts,
    Touch,
)
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "results.sql")
_LEARNING = "learning"
_SLICE = 1000


class PostgresResults:
    """A `ResultStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add_counts(
        self, counts: Mapping[CountKey, Count], failures: Mapping[FailureKey, int] = NO_FAILURES
    ) -> None:
        # In one order everywhere, so that replicas that add at once wait, and never for each other.
        rows, failed = sorted(counts.items()), sorted(failures.items())
        async with self._database.transaction() as transaction:
            if rows:
                await transaction.execute(_SQL.add_counts, *_columns(rows))
            if failed:
                await transaction.execute(
                    _SQL.add_failures,
                    *zip(*(key for key, _ in failed), strict=True),
                    [decisions for _, decisions in failed],
                )

    async def counts(self, since_us: int, until_us: int) -> Counts:
        rows = await self._database.fetch(_SQL.counts, since_us, until_us)
        return {
            CountKey(0, row["rule"], row["shadow"], row["placement"]): Count(
                row["decisions"], row["candidates"], row["failed"], _bits(row["people"])
            )
            for row in rows
        }

    async def failures(self, since_us: int) -> Sequence[RecentFailure]:
        rows = await self._database.fetch(_SQL.failures, since_us)
        return [
            RecentFailure(row["rule"], row["shadow"], row["decisions"], row["latest_us"])
            for row in rows
        ]

    async def answers_position(self) -> int:
        return int(await self._database.fetchval(_SQL.log_position, _LEARNING) or 0)

    async def add_answers(
        self, before: int, position: int, answers: Mapping[AnswerKey, AnswerCount]
    ) -> bool:
        rows = sorted(answers.items(), key=lambda row: row[0])
        async with self._database.transaction() as transaction:
            await transaction.execute(_SQL.begin_position, _LEARNING)
            counted = await transaction.fetchval(_SQL.count_on, _LEARNING, before, position)
            if counted is None:
                return False
            if rows:
                await transaction.execute(
                    _SQL.add_answers,
                    *zip(*(key for key, _ in rows), strict=True),
                    [count.shown for _, count in rows],
                    [count.accepted for _, count in rows],
                    [count.declined for _, count in rows],
                    [count.value_micros for _, count in rows],
                )
        return True

    async def answers(self, since_us: int, until_us: int) -> AnswerCounts:
        rows = await self._database.fetch(_SQL.answers, since_us, until_us)
        return {
            AnswerKey(0, row["bundle_hash"], row["rule"], Touch(row["touch"])): AnswerCount(
                row["shown"], row["accepted"], row["declined"], row["value_micros"]
            )
            for row in rows
        }

    async def forget(self, before_us: int, failures_before_us: int) -> int:
        forget = self._database.forget_slice
        rows = await forget(_SQL.forget_counts, before_us, _SLICE)
        rows += await forget(_SQL.forget_answers, before_us, _SLICE)
        return rows + await forget(_SQL.forget_failures, failures_before_us, _SLICE)


def _columns(rows: Sequence[tuple[CountKey, Count]]) -> Sequence[Sequence[object]]:
    return [
        *zip(*(key for key, _ in rows), strict=True),
        [count.decisions for _, count in rows],
        [count.candidates for _, count in rows],
        [count.failed for _, count in rows],
        [None if key.placement else _sketch(count.people) for key, count in rows],
    ]


def _sketch(bits: Collection[int]) -> BitString:
    column = np.zeros(BITS, np.bool_)
    column[list(bits)] = True
    return BitString.frombytes(np.packbits(column).tobytes(), BITS)


def _bits(sketch: BitString | None) -> set[int]:
    if sketch is None:
        return set()
    return set(np.flatnonzero(np.unpackbits(np.frombuffer(sketch.bytes, np.uint8))).tolist())

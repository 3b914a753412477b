"""The terms of promises on the service's schema."""

from __future__ import annotations

from collections.abc import Sequence

from services.rules.domain.promised_terms import TermsVersion
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "terms.sql")


class PostgresTerms:
    """A `TermsStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> Sequence[TermsVersion]:
        return [TermsVersion(**row) for row in await self._database.fetch(_SQL.all_terms)]

    async def add(self, versions: Sequence[TermsVersion]) -> None:
        rows = [(each.offer_no, each.version, each.since_us, each.terms) for each in versions]
        async with self._database.transaction() as transaction:
            await transaction.executemany(_SQL.add_terms, rows)

    async def forget(self, before_us: int) -> int:
        return int(await self._database.fetchval(_SQL.forget_terms, before_us))

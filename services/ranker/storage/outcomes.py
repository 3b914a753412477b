"""What became of what decisions showed, read from the learning log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from services.ranker.domain.answers import Outcome
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "rankings.sql")
Seen = Mapping[tuple[str, int], frozenset[Outcome]]
"""Placement and offer to all that became of it; what nobody saw is not among them."""


class Outcomes(Protocol):
    """Reads what became of a decision."""

    async def of(self, decision_id: str) -> Seen:
        """Return what was seen of a decision."""


class PostgresOutcomes:
    """`Outcomes` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, decision_id: str) -> Seen:
        rows = await self._database.fetch(_SQL.outcomes_of, decision_id)
        return gathered(
            (row["placement"], row["offer_no"], Outcome(row["outcome"])) for row in rows
        )


def gathered(rows: Iterable[tuple[str, int, Outcome]]) -> Seen:
    """Return outcomes by what they are of."""
    found: dict[tuple[str, int], frozenset[Outcome]] = {}
    for placement, offer_no, outcome in rows:
        place = (placement, offer_no)
        found[place] = found.get(place, frozenset()) | {outcome}
    return found

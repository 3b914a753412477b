"""What the ranker keeps of a person, for an export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from shared.person_export import Kept, Rows, kept_rows, opened
from shared.postgres import Database, Queries
from touchpoint.common.v1.bus_pb2 import DecisionNotice

_SQL = Queries.beside(__file__, "export.sql")
KEPT = (
    Kept("decisions", _SQL.decisions, opened(notice=DecisionNotice)),
    Kept("learning_rows", _SQL.learning_rows),
    Kept("taught", _SQL.taught),
    Kept("kept_answers", _SQL.kept_answers),
    Kept("person_sets", _SQL.person_sets),
)


async def export_person(database: Database, person_ids: Sequence[str]) -> AsyncIterator[Rows]:
    async for rows in kept_rows(database, KEPT, list(person_ids)):
        yield rows

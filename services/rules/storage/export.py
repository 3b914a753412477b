"""What rules keeps of a person, for an export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from shared.person_export import Kept, Rows, kept_rows, opened
from shared.postgres import Database, Queries
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.rules.v1.rules_service_pb2 import CommitResponse

_SQL = Queries.beside(__file__, "export.sql")
KEPT = (
    Kept("identities", _SQL.identities),
    Kept("declines", _SQL.declines),
    Kept("contacts", _SQL.contacts),
    Kept("promises", _SQL.promises),
    Kept("decisions", _SQL.decisions, opened(answer=CommitResponse, notice=DecisionNotice)),
    Kept("traces", _SQL.traces, opened(trace=DecisionTrace)),
    Kept("standing", _SQL.standing),
)


async def export_person(
    database: Database, person_ids: Sequence[str], identity_keys: Sequence[bytes]
) -> AsyncIterator[Rows]:
    waiting = await database.fetch(_SQL.waiting_persons, list(identity_keys))
    persons = [*person_ids, *(row["person_id"] for row in waiting)]
    async for rows in kept_rows(database, KEPT, persons):
        yield rows

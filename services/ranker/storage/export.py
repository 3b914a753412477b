"""What the ranker keeps of a person, for an export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from shared.person_export import Kept, Rows, kept_rows, opened, plain_message
from shared.postgres import Database, Queries
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.ranker.v1.journal_pb2 import RankedDecision
from touchpoint.ranker.v1.ranker_service_pb2 import RankRequest

_SQL = Queries.beside(__file__, "export.sql")


def _opened_ranking(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row of rankings with what is serialised within it opened, too."""
    ranked = RankedDecision.FromString(row["ranked"])
    request = RankRequest.FromString(ranked.request)
    told = plain_message(ranked)
    told["request"] = plain_message(request)
    told["request"]["snapshot"] = plain_message(PersonSnapshot.FromString(request.snapshot))
    return {**row, "ranked": told}


KEPT = (
    Kept("decisions", _SQL.decisions, opened(notice=DecisionNotice)),
    Kept("rankings", _SQL.rankings, _opened_ranking),
    Kept("learning_rows", _SQL.learning_rows),
    Kept("taught", _SQL.taught),
    Kept("kept_answers", _SQL.kept_answers),
    Kept("person_sets", _SQL.person_sets),
)


async def export_person(database: Database, person_ids: Sequence[str]) -> AsyncIterator[Rows]:
    async for rows in kept_rows(database, KEPT, list(person_ids)):
        yield rows

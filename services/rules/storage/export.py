"""What rules keeps of a person, for an export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from shared.person_export import Kept, Rows, kept_rows, opened, plain_message
from shared.postgres import Database, Queries
from touchpoint.aggregator.v1.aggregator_pb2 import DecisionTrace
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.common.v1.catalogue_pb2 import PromisedTerms
from touchpoint.common.v1.snapshot_pb2 import PersonSnapshot
from touchpoint.rules.v1.recording_pb2 import RecordedDecision
from touchpoint.rules.v1.rules_service_pb2 import CommitResponse, UnconfirmedAnswer

_SQL = Queries.beside(__file__, "export.sql")


def _recorded(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Open what was recorded, and within it what was known of the person."""
    recorded = RecordedDecision.FromString(row["recorded"])
    snapshot = PersonSnapshot.FromString(recorded.snapshot)
    return {
        **row,
        "recorded": {**plain_message(recorded), "snapshot": plain_message(snapshot)},
    }


def _answered(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Open what was answered, and the trace within it."""
    answer = UnconfirmedAnswer.FromString(row["answer"])
    trace = DecisionTrace.FromString(answer.trace)
    return {**row, "answer": {**plain_message(answer), "trace": plain_message(trace)}}


KEPT = (
    Kept("identities", _SQL.identities),
    Kept("declines", _SQL.declines),
    Kept("contacts", _SQL.contacts),
    Kept("promises", _SQL.promises, opened(terms=PromisedTerms)),
    Kept("decisions", _SQL.decisions, opened(answer=CommitResponse, notice=DecisionNotice)),
    Kept("traces", _SQL.traces, opened(trace=DecisionTrace)),
    Kept("recorded_decisions", _SQL.recorded_decisions, _recorded),
    Kept("unconfirmed_answers", _SQL.unconfirmed_answers, _answered),
    Kept("standing", _SQL.standing),
)


async def export_person(
    database: Database, person_ids: Sequence[str], identity_keys: Sequence[bytes]
) -> AsyncIterator[Rows]:
    waiting = await database.fetch(_SQL.waiting_persons, list(identity_keys))
    persons = [*person_ids, *(row["person_id"] for row in waiting)]
    async for rows in kept_rows(database, KEPT, persons):
        yield rows

"""What the scenario service keeps of a person, for an export."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from services.scenario.storage.notes import Notes
from services.scenario.storage.payloads import said_by
from shared.person_export import Kept, Rows, kept_rows
from shared.postgres import Database, Queries

_SQL = Queries.beside(__file__, "export.sql")


async def export_person(
    database: Database, notes: Notes, person_ids: Sequence[str]
) -> AsyncIterator[Rows]:
    def with_note(row: Mapping[str, Any]) -> Mapping[str, Any]:
        noted = dict(row)
        note, wrapped = noted["note"], noted.pop("wrapped")
        return {**noted, "note": notes.opened(noted["person_id"], wrapped, note)}

    kept = (
        Kept("journeys", _SQL.journeys),
        Kept("effects", _SQL.effects),
        Kept("passages", _SQL.passages),
        Kept("entries", _SQL.entries),
        Kept("tasks", _SQL.tasks, lambda row: _with_channels(with_note(row))),
        Kept("task_attempts", _SQL.task_attempts, with_note),
        Kept("errands", _SQL.errands, _with_what_it_says),
        Kept("tallies", _SQL.tallies),
        Kept("person_sets", _SQL.person_sets),
        Kept("person_marks", _SQL.person_marks),
    )
    async for rows in kept_rows(database, kept, list(person_ids)):
        yield rows


def _with_what_it_says(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**_with_channels(row), "payload": said_by(row["kind"], row["payload"])}


def _with_channels(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**row, "passed_over": json.loads(row["passed_over"])}

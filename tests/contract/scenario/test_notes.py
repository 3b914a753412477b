"""Notes in PostgreSQL: unreadable there, and re-wrapped when the wrapping key is renewed."""

from datetime import timedelta

import pytest

from services.scenario.storage import MIGRATIONS
from services.scenario.storage.journeys import PostgresJourneys
from services.scenario.storage.notes import NoteKeys, Notes
from shared.privacy import FolderWrappingKeys, UndecipherableError
from tests.unit.scenario.playing import ADA

INSERT_TASK = """
WITH journey AS (
    INSERT INTO journeys (journey_id, person_id, scenario, definition, phase, version, started_us,
        due_us) VALUES ('j', $1, 's', '', 2, 1, 0, 0)
)
INSERT INTO tasks (task_id, journey_id, occurrence, person_id, kind, reason, script, offer_ids,
    skills, priority, due_us, expires_us)
VALUES ('t', 'j', 1, $1, 'call', '', '', '{}', '{}', 0, 0, 0)
"""
INSERT_TRY = """
INSERT INTO task_attempts (task_id, number, agent_id, outcome, due_us, claimed_us, ended_us, note)
VALUES ('t', 1, 'eve', 'done', 0, 0, 0, $1)
"""


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("scenario", MIGRATIONS)


async def kept(database, notes):
    async with database.transaction() as transaction:
        sealed = await notes.seal(transaction, ADA, "has a cold")
        assert b"cold" not in sealed
        await transaction.execute(INSERT_TASK, ADA)
        await transaction.execute(INSERT_TRY, sealed)


async def test_a_renewal_wraps_keys_anew_and_destroys_the_old_one(database, tmp_path, clock):
    keys = FolderWrappingKeys(tmp_path)
    notes, renewal = Notes(keys), NoteKeys(database, keys, clock)
    await kept(database, notes)
    await renewal.once()
    clock.advance(timedelta(days=31))
    await renewal.once()
    assert keys.current().renewal == 2
    clock.advance(timedelta(minutes=6))
    await renewal.once()
    with pytest.raises(UndecipherableError):
        FolderWrappingKeys(tmp_path).of(1)
    assert [each.note for each in await notes.noted(database, [ADA], 1)] == ["has a cold"]


async def test_nothing_is_renewed_before_its_time(database, tmp_path, clock):
    keys = FolderWrappingKeys(tmp_path)
    renewal = NoteKeys(database, keys, clock)
    for _ in range(3):
        await renewal.once()
        clock.advance(timedelta(days=9))
    assert keys.current().renewal == 1


async def test_of_an_erased_person_no_note_is_kept(database, tmp_path):
    await database.execute("INSERT INTO erased_persons (person_id) VALUES ($1)", ADA)
    async with database.transaction() as transaction:
        assert await Notes(FolderWrappingKeys(tmp_path)).seal(transaction, ADA, "cold") is None


async def test_notes_of_before_go_to_the_last_try_of_their_task(database, tmp_path):
    notes = Notes(FolderWrappingKeys(tmp_path))
    async with database.transaction() as transaction:
        sealed = await notes.seal(transaction, ADA, "has a cold")
        await transaction.execute(INSERT_TASK, ADA)
        await transaction.execute("UPDATE tasks SET note = $1, claims = 3, latest = 'done'", sealed)
    moving = (MIGRATIONS / "0014_notes_of_tries.sql").read_text().split("\n\n", 1)[1]
    await database.execute(moving)
    (kept_anew,) = await notes.noted(database, [ADA], 9)
    assert (kept_anew.number, kept_anew.outcome, kept_anew.note) == (3, "done", "has a cold")
    await database.execute("UPDATE task_attempts SET note = NULL")
    await database.execute("UPDATE tasks SET note = $1", sealed)
    await database.execute(moving)
    assert [each.number for each in await notes.noted(database, [ADA], 9)] == [3]


async def test_notes_are_exported_in_words(database, tmp_path):
    notes = Notes(FolderWrappingKeys(tmp_path))
    await kept(database, notes)
    store = PostgresJourneys(database, notes)
    tables = {table: rows async for table, rows in store.export([ADA])}
    assert "has a cold" in "".join(tables["task_attempts"])

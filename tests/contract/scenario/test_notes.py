"""Notes in PostgreSQL: unreadable there, and re-wrapped when the wrapping key is renewed."""

from datetime import timedelta

import pytest

from services.scenario.storage import MIGRATIONS
from services.scenario.storage.notes import NoteKeys, Notes
from shared.privacy import FolderWrappingKeys, UndecipherableError
from tests.unit.scenario.playing import ADA

INSERT_TASK = """
WITH journey AS (
    INSERT INTO journeys (journey_id, person_id, scenario, definition, phase, version, started_us,
        due_us) VALUES ('j', $1, 's', '', 2, 1, 0, 0)
)
INSERT INTO tasks (task_id, journey_id, occurrence, person_id, kind, reason, script, offer_ids,
    skills, priority, due_us, expires_us, note)
VALUES ('t', 'j', 1, $1, 'call', '', '', '{}', '{}', 0, 0, 0, $2)
"""


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("scenario", MIGRATIONS)


async def kept(database, notes):
    async with database.transaction() as transaction:
        sealed = await notes.seal(transaction, ADA, "has a cold")
        assert b"cold" not in sealed
        await transaction.execute(INSERT_TASK, ADA, sealed)


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
    assert await notes.read(database, "t") == "has a cold"


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

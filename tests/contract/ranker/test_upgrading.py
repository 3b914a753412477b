"""What other versions save and write, before this one and beside it."""

import shutil

import pytest

from services.ranker.domain.answers import Outcome
from services.ranker.domain.model import Model
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.snapshots import Pointer, PostgresPointers, Snapshots
from shared.artefacts import FolderArtefacts
from shared.postgres.migrations import migrate
from tests.contract.ranker.conftest import PostgresDesk
from tests.contract.ranker.learning_kit import (
    GUIDE,
    NOON_US,
    PROMPT,
    SHOES,
    answer,
    decision,
    lessons,
)

SAVED_BY_THE_VERSION_BEFORE = "INSERT INTO model_snapshots (number, artefact) VALUES ($1, $2)"


@pytest.fixture
def store(tmp_path):
    return FolderArtefacts(tmp_path / "artefacts")


async def saved(store, number):
    """Save a model that says it has learned so many rows; return its name."""
    model = Model()
    model.number = number
    return await store.put(model.snapshot())


@pytest.fixture
async def upgraded(fresh_database, store, tmp_path):
    """Lend a schema in which an old version saved a snapshot before the upgrade and one during."""
    before = tmp_path / "migrations"
    before.mkdir()
    for path in MIGRATIONS.glob("*.sql"):
        if path.name < "0009":
            shutil.copy(path, before)
    database = await fresh_database("ranker", before)
    await database.execute(SAVED_BY_THE_VERSION_BEFORE, 2000, await saved(store, 2000))
    await migrate(database, MIGRATIONS)
    await database.execute(SAVED_BY_THE_VERSION_BEFORE, 4000, await saved(store, 4000))
    return database


async def test_what_is_saved_by_the_version_before_during_an_upgrade_is_passed_over(
    upgraded, store
):
    model, pointer = await Snapshots(PostgresPointers(upgraded), store).restore()
    assert (model.number, pointer.number) == (2000, 2000)


async def test_a_snapshot_of_the_same_row_takes_the_place_of_one_that_is_passed_over(upgraded):
    pointers = PostgresPointers(upgraded)
    await pointers.keep(Pointer(4000, "a" * 64, NOON_US))
    newest = (await pointers.newest_first())[0]
    assert newest == Pointer(4000, "a" * 64, NOON_US)


async def test_a_snapshot_that_is_passed_over_is_forgotten_with_the_next(upgraded):
    await PostgresPointers(upgraded).keep(Pointer(6000, "a" * 64, NOON_US))
    rows = await upgraded.fetch("SELECT number FROM model_snapshots ORDER BY number")
    assert [row["number"] for row in rows] == [2000, 6000]


async def test_what_this_version_saved_stays(upgraded):
    pointers = PostgresPointers(upgraded)
    await pointers.keep(Pointer(6000, "a" * 64, NOON_US))
    await pointers.keep(Pointer(6000, "b" * 64, NOON_US))
    assert (await pointers.newest_first())[0].artefact == "a" * 64


async def test_rows_of_an_outcome_that_is_not_known_here_are_counted_and_answers_go_on(
    fresh_database,
):
    desk = PostgresDesk(await fresh_database("ranker", MIGRATIONS))
    await desk.decide(decision(1, SHOES, GUIDE, placement=PROMPT))
    await desk.database.execute("UPDATE learning_rows SET outcome = 99 WHERE offer_no = $1", GUIDE)
    await desk.database.execute("UPDATE learning_log SET shown = 1")
    await desk.answer(answer("click", GUIDE, about=1), answer("purchase", SHOES, hours=2))
    outcomes = (await desk.log.state()).outcomes
    assert (outcomes[Outcome.NEWER], outcomes[Outcome.SHOWN], outcomes[Outcome.ACCEPTED]) == (
        1,
        2,
        2,
    )
    assert [outcome for *_, outcome in await lessons(desk)][1] is Outcome.NEWER

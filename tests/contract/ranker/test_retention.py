"""What is old no longer says whom it is about, and the schema cuts rows as the domain does."""

import numpy as np
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.ranker.domain.encoding import encode, without_characteristics
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.journal import PostgresJournal
from services.ranker.storage.learning_log import PostgresLearningLog
from tests.contract.ranker.conftest import PostgresDesk
from tests.contract.ranker.learning_kit import (
    BOB,
    NOON_US,
    PROMPT,
    SHOES,
    decision,
    seen_as,
    seen_of_somebody,
)

HASHES = st.lists(st.integers(0, 1000), min_size=1, max_size=300)


@pytest_asyncio.fixture(loop_scope="session")
async def desk(fresh_database):
    return PostgresDesk(await fresh_database("ranker", MIGRATIONS))


async def test_what_is_old_says_no_longer_whom_it_is_about_nor_what_they_were_like(desk):
    await desk.decide(
        decision(1, SHOES, placement=PROMPT, seen=seen_of_somebody),
        decision(2, SHOES, placement=PROMPT, persons=(BOB,), hours=1, seen=seen_of_somebody),
    )
    await desk.log.forget_before(NOON_US + 1)
    rows = [each.row for each in await desk.log.rows_after(0, 10)]
    assert [(row.person_ids, row.features) for row in rows] == [
        ((), seen_as(SHOES)),
        ((BOB,), seen_of_somebody(SHOES)),
    ]


class Counting:
    """A database that notes how many rows each statement says it changed."""

    def __init__(self, database):
        self.changed = []
        self._database = database

    async def fetchval(self, query, *args):
        found = await self._database.fetchval(query, *args)
        self.changed.append(found)
        return found


async def test_however_much_has_aged_no_statement_unlinks_more_than_some_thousands(desk):
    await desk.decide(decision(1, SHOES, placement=PROMPT, persons=(BOB,)))
    await desk.database.execute(
        "INSERT INTO learning_rows (number, decision_id, placement, offer_no, outcome, features,"
        " time_us, selection_probability, family_no, person_ids)"
        " SELECT 1 + place, gen_random_uuid(), placement, offer_no, outcome, features, place,"
        " selection_probability, family_no, person_ids"
        " FROM learning_rows, generate_series(1, 12000) AS place"
    )
    await desk.database.execute(
        "INSERT INTO taught (person_id, day, showings)"
        " SELECT gen_random_uuid(), 1, 1 FROM generate_series(1, 6000)"
    )
    counting = Counting(desk.database)
    await PostgresLearningLog(counting).forget_before(NOON_US)
    assert counting.changed == [5000, 5000, 2000, 0, 0, 5000, 1000, 0]
    [linked] = await desk.database.fetch(
        "SELECT number FROM learning_rows WHERE decision_id IS NOT NULL"
    )
    assert linked["number"] == 1


async def test_what_is_old_and_has_no_day_of_its_own_is_deleted_in_batches_too(desk):
    await desk.database.execute(
        "INSERT INTO decisions (decision_id, person_ids, time_us, notice)"
        " SELECT lpad(to_hex(place), 32, '0')::uuid, '{}', place, ''"
        " FROM generate_series(1, 6001) AS place"
    )
    counting = Counting(desk.database)
    assert await PostgresJournal(counting).forget_before(6001) == 6000
    assert counting.changed == [5000, 1000, 0]


async def test_the_schema_cuts_rows_as_the_domain_does(desk):
    rows = []

    @settings(database=None, suppress_health_check=list(HealthCheck))
    @given(HASHES, st.lists(st.integers(0, 2**32 - 1), max_size=48), st.integers(0, 3))
    def draw(indices, told, torn):
        whole = encode(-1.0, np.array(indices, np.uint32), np.array(told, np.uint32))
        rows.append(whole[: len(whole) - torn])

    draw()
    rows += [b"", b"\x02", b"\x01" + bytes(20), b"\x03" + bytes([1, 1, 0, 1] + [0] * 12)]
    cut = await desk.database.fetch(
        "SELECT without_characteristics(row) AS cut FROM unnest($1::bytea[])"
        " WITH ORDINALITY AS given (row, place) ORDER BY place",
        rows,
    )
    assert [each["cut"] for each in cut] == [without_characteristics(row) for row in rows]

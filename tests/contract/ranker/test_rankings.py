"""What every keeper of rankings does, and how PostgreSQL keeps them and decisions by the day."""

import shutil
import uuid
from dataclasses import replace

import pytest

from services.ranker.domain.journal import JournalEntry
from services.ranker.domain.rankings import RankedEntry
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.in_memory_rankings import InMemoryRankings
from services.ranker.storage.journal import PostgresJournal
from services.ranker.storage.rankings import PostgresRankings, make_days
from shared.errors import InvalidArgument
from shared.ids import uuid7
from shared.postgres import migrate

ADA, BOB = (str(uuid.UUID(int=number)) for number in (1, 2))
DAY_US = 86_400_000_000
TODAY_US = 20_000 * DAY_US
LATER_US = TODAY_US + DAY_US // 2


def entry(number, persons=(ADA,), ranked=b"ranked"):
    return RankedEntry(str(uuid.UUID(int=100 + number)), tuple(persons), number, ranked)


def at(time_us, persons=(ADA,)):
    """Make what was ranked at a moment, under an id of that moment."""
    return RankedEntry(uuid7(time_us // 1000), tuple(persons), time_us, b"ranked")


def decided(ranked):
    return JournalEntry(ranked.decision_id, ranked.person_ids, ranked.time_us, b"notice")


class PostgresStore:
    """Rankings with the erasure of the journal they stand beside."""

    def __init__(self, database):
        self.rankings, self.journal = PostgresRankings(database), PostgresJournal(database)
        self.add, self.of, self.count = self.rankings.add, self.rankings.of, self.rankings.count
        self.between, self.forget_before = self.rankings.between, self.rankings.forget_before
        self.erase = self.journal.erase


@pytest.fixture(params=["memory", "postgres"])
async def rankings(request, fresh_database):
    if request.param == "memory":
        return InMemoryRankings()
    return PostgresStore(await fresh_database("ranker", MIGRATIONS))


async def test_an_entry_is_found_by_its_decision_and_stays_as_it_was_first_written(rankings):
    await rankings.add([entry(1), entry(2, ())])
    await rankings.add([entry(1, ranked=b"other")])
    assert await rankings.of(entry(1).decision_id) == entry(1)
    assert await rankings.of(entry(2).decision_id) == entry(2, ())
    assert await rankings.of(entry(3).decision_id) is None


@pytest.mark.parametrize(
    "odd", [replace(entry(2), decision_id="abc"), replace(entry(2), person_ids=("ada",))]
)
async def test_an_entry_under_an_id_that_is_none_is_refused_with_all_beside_it(rankings, odd):
    with pytest.raises(InvalidArgument):
        await rankings.add([entry(1), odd])
    assert await rankings.count(0, 10) == 0
    await rankings.add([entry(1)])
    assert await rankings.count(0, 10) == 1


async def test_entries_of_a_time_come_oldest_first_and_are_counted(rankings):
    many = [entry(number) for number in range(1, 121)]
    await rankings.add(many[::-1])
    assert [each async for each in rankings.between(5, 115)] == many[4:114]
    assert await rankings.count(5, 115) == 110


async def test_an_erased_person_leaves_none_also_not_afterwards(rankings):
    await rankings.add([entry(1), entry(2, (ADA, BOB)), entry(3, (BOB,))])
    assert await rankings.erase([ADA]) == 2
    await rankings.add([entry(1), entry(4, (BOB, ADA)), entry(5, (BOB,))])
    left = [each async for each in rankings.between(0, 1000)]
    assert left == [entry(3, (BOB,)), entry(5, (BOB,))]


async def test_old_entries_are_forgotten(rankings):
    await rankings.add([entry(1), entry(2), entry(3)])
    assert await rankings.forget_before(3) == 2
    assert [each async for each in rankings.between(0, 10)] == [entry(3)]


async def test_erasing_takes_what_was_ranked_before_it_was_known_whose_it_is(fresh_database):
    store = PostgresStore(await fresh_database("ranker", MIGRATIONS))
    unknown = entry(1, ())
    await store.add([unknown])
    await store.journal.append([JournalEntry(unknown.decision_id, (ADA,), 1, b"notice")])
    assert await store.erase([ADA]) == 2
    assert await store.of(unknown.decision_id) is None


async def parts(database, parent):
    rows = await database.fetch(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = to_regclass($1) ORDER BY relname",
        parent,
    )
    return [row["relname"] for row in rows]


async def test_days_are_made_ahead_and_old_ones_dropped_whole(fresh_database):
    database = await fresh_database("ranker", MIGRATIONS)
    store = PostgresStore(database)
    await make_days(database, TODAY_US)
    await make_days(database, TODAY_US)
    made = [f"rankings_{day}" for day in ("20241004", "20241005", "20241006")]
    assert await parts(database, "rankings") == [*made, "rankings_rest"]
    await store.add([at(TODAY_US), at(LATER_US), at(TODAY_US + DAY_US)])
    assert await database.fetchval("SELECT count(*) FROM rankings_20241004") == 2
    assert await store.forget_before(LATER_US) == 0
    assert await store.forget_before(TODAY_US + DAY_US) == 2
    assert await parts(database, "rankings") == [*made[1:], "rankings_rest"]


async def test_what_came_before_its_day_was_made_moves_into_it(fresh_database):
    database = await fresh_database("ranker", MIGRATIONS)
    store = PostgresStore(database)
    early = at(LATER_US)
    await store.add([early])
    await make_days(database, TODAY_US)
    assert await database.fetchval("SELECT count(*) FROM rankings_20241004") == 1
    assert await database.fetchval("SELECT count(*) FROM rankings_rest") == 0
    assert await store.of(early.decision_id) == early


async def test_the_journal_of_before_is_kept_and_goes_on_by_the_day(fresh_database, tmp_path):
    before = tmp_path / "before"
    before.mkdir()
    for file in sorted(MIGRATIONS.glob("*.sql"))[:6]:
        shutil.copy(file, before)
    database = await fresh_database("ranker", before)
    journal = PostgresJournal(database)
    odd = JournalEntry("ffffffff-ffff-4fff-bfff-ffffffffffff", (BOB,), LATER_US, b"notice")
    old = [decided(at(TODAY_US)), decided(at(LATER_US, (BOB,))), odd]
    await journal.append(old)
    await migrate(database, MIGRATIONS)
    now_us = int(await database.fetchval("SELECT extract(epoch FROM now()) * 1000000"))
    await make_days(database, now_us + 3 * DAY_US)
    new = decided(at(now_us + 3 * DAY_US))
    await journal.append([*old, new])
    found = await journal.newest([], 0, 10)
    assert sorted(found, key=str) == sorted([*old, new], key=str)
    assert await database.fetchval("SELECT count(*) FROM decisions_before") == 2
    assert len(await parts(database, "decisions")) == 5
    assert await journal.erase([BOB]) == 2
    assert await journal.forget_before(TODAY_US + DAY_US) == 1
    assert await journal.newest([], 0, 10) == [new]

"""What every journal of decisions does."""

import uuid

import pytest

from services.ranker.domain.journal import JournalEntry
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.in_memory import InMemoryJournal
from services.ranker.storage.journal import PostgresJournal

ADA, BOB = (str(uuid.UUID(int=number)) for number in (1, 2))


def entry(number, persons=(ADA,), notice=b"notice"):
    return JournalEntry(str(uuid.UUID(int=100 + number)), tuple(persons), number, notice)


@pytest.fixture(params=["memory", "postgres"])
async def journal(request, fresh_database):
    if request.param == "memory":
        return InMemoryJournal()
    return PostgresJournal(await fresh_database("ranker", MIGRATIONS))


async def test_entries_are_told_newest_first_up_to_the_limit(journal):
    await journal.append([entry(1), entry(3), entry(2)])
    assert await journal.newest([], 0, 2) == [entry(3), entry(2)]


async def test_an_entry_stays_as_it_was_first_written(journal):
    await journal.append([entry(1)])
    await journal.append([entry(1, notice=b"other")])
    assert await journal.newest([], 0, 10) == [entry(1)]


async def test_entries_are_found_by_any_person_of_a_set_and_by_time(journal):
    await journal.append([entry(1), entry(2, (ADA, BOB)), entry(3, (BOB,)), entry(4, ())])
    assert await journal.newest([BOB], 0, 10) == [entry(3, (BOB,)), entry(2, (ADA, BOB))]
    assert await journal.newest([BOB], 3, 10) == [entry(3, (BOB,))]


async def test_an_erased_person_leaves_no_entry_and_others_stay(journal):
    await journal.append([entry(1), entry(2, (ADA, BOB)), entry(3, (BOB,))])
    assert await journal.erase([ADA]) == 2
    assert await journal.newest([], 0, 10) == [entry(3, (BOB,))]


async def test_a_decision_that_arrives_after_the_erasure_of_its_person_is_not_written(journal):
    await journal.append([entry(1)])
    await journal.erase([ADA])
    await journal.append([entry(1), entry(2, (BOB, ADA)), entry(3, (BOB,))])
    assert await journal.newest([], 0, 10) == [entry(3, (BOB,))]


async def test_entries_older_than_the_retention_are_forgotten(journal):
    await journal.append([entry(1), entry(2), entry(3)])
    assert await journal.forget_before(3) == 2
    assert await journal.newest([], 0, 10) == [entry(3)]


async def test_an_entry_is_found_by_its_decision(journal):
    await journal.append([entry(1), entry(2)])
    assert await journal.of(entry(2).decision_id) == entry(2)
    assert await journal.of(entry(3).decision_id) is None

"""The learning log on every storage, written as the consumers write it."""

from __future__ import annotations

import pytest_asyncio

from services.ranker.domain.answers import OfferFacts, TeachingTerms
from services.ranker.storage import MIGRATIONS
from services.ranker.storage.in_memory import InMemoryLearningLog
from services.ranker.storage.journal import append_entries, erase_entries
from services.ranker.storage.learning import LearningWriter
from services.ranker.storage.learning_log import PostgresLearningLog
from services.ranker.storage.notices import journal_entry, read_decision
from services.ranker.storage.reverting import PostgresReverts
from services.ranker.storage.snapshots import InMemoryPointers, PostgresPointers
from tests.contract.ranker.learning_kit import FACTS, SEEN_AT_ONCE

TERMS = TeachingTerms(showings_per_day=3, acceptances_per_day=5)


def look(offer_no):
    return FACTS.get(offer_no, OfferFacts(0, offer_no))


class InMemoryDesk:
    """Brings messages into the fake."""

    def __init__(self):
        self.log = InMemoryLearningLog(look, TERMS)
        self.reverts = self.log
        self.pointers = InMemoryPointers(self.log.known_reverts)

    async def decide(self, *notices, now_us=0):
        decided = [(read_decision(each.SerializeToString()), SEEN_AT_ONCE) for each in notices]
        await self.log.decided(decided, now_us)

    async def answer(self, *answers, now_us=0):
        await self.log.answered(answers, now_us)

    async def link(self, *persons, version=1):
        for person in persons:
            await self.log.note_set(person, persons, version, now_us=0)

    async def part(self, *persons, version=2):
        for person in persons:
            await self.log.note_set(person, (person,), version, now_us=0)

    async def erase(self, *persons):
        await self.log.erase(persons)

    async def sets(self):
        return set(self.log.sets)


class PostgresDesk:
    """Brings messages into the schema, as the consumers do."""

    def __init__(self, database):
        self.database = database
        self.log = PostgresLearningLog(database)
        self.reverts = PostgresReverts(database)
        self.pointers = PostgresPointers(database)
        self._writer = LearningWriter(look, TERMS)

    async def decide(self, *notices, now_us=0):
        entries = [journal_entry(each.SerializeToString()) for each in notices]
        async with self.database.transaction() as transaction:
            await self._writer.begin(transaction)
            new = await append_entries(transaction, entries)
            decided = [(read_decision(entry.notice), SEEN_AT_ONCE) for entry in new]
            await self._writer.decided(transaction, decided, now_us)

    async def answer(self, *answers, now_us=0):
        async with self.database.transaction() as transaction:
            await self._writer.begin(transaction)
            await self._writer.answered(transaction, answers, now_us)

    async def link(self, *persons, version=1):
        async with self.database.transaction() as transaction:
            await self._writer.linked(
                transaction, [(each, persons, version) for each in persons], 0
            )

    async def part(self, *persons, version=2):
        async with self.database.transaction() as transaction:
            await self._writer.linked(
                transaction, [(each, (each,), version) for each in persons], 0
            )

    async def erase(self, *persons):
        async with self.database.transaction() as transaction:
            await erase_entries(transaction, persons)

    async def sets(self):
        rows = await self.database.fetch("SELECT person_id FROM person_sets")
        return {str(row["person_id"]) for row in rows}


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def desk(request, fresh_database):
    """Lend the log with the means to write it."""
    if request.param == "in memory":
        return InMemoryDesk()
    return PostgresDesk(await fresh_database("ranker", MIGRATIONS))

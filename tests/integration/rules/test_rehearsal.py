"""Getting warm on a real database."""

from __future__ import annotations

from services.rules.storage import MIGRATIONS
from services.rules.storage.rehearsal import rehearse_decision
from shared.testing.plugin import FreshDatabase

WRITTEN = ("decisions", "traces", "contacts", "standing", "outbox")


async def test_a_rehearsal_decides_on_every_connection_and_leaves_nothing(
    fresh_database: FreshDatabase,
):
    database = await fresh_database("rules", MIGRATIONS)
    outcomes: list[int] = []

    async def decide(transaction):
        await rehearse_decision(transaction)
        outcomes.append(await transaction.fetchval("SELECT count(*) FROM contacts"))

    await database.rehearse(decide)
    assert outcomes == [1] * 4
    for table in WRITTEN:
        assert await database.fetchval(f"SELECT count(*) FROM {table}") == 0, table

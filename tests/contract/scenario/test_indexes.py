"""What reports and retention ask of errands is found by an index, not among all messages."""

import pytest

from services.scenario.storage import MIGRATIONS
from services.scenario.storage.queue import __file__ as storage_file
from shared.postgres import Queries


@pytest.mark.parametrize(
    ("file", "statement", "index"),
    [
        ("queue.sql", "rung_back", "errands_asked_for"),
        ("errands.sql", "forget_errands", "errands_for_no_journey"),
    ],
)
async def test_nobody_reads_all_errands_for_a_few(fresh_database, file, statement, index):
    database = await fresh_database("scenario", MIGRATIONS)
    queries = Queries.beside(storage_file, file)
    async with database.transaction() as transaction:
        await transaction.execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " + getattr(queries, statement)
        rows = await transaction.fetch(explain, 1)
    assert any(index in row["QUERY PLAN"] for row in rows)

"""What is looked for by its age is found without reading all that is young."""

from __future__ import annotations

from importlib import import_module

import pytest

from shared.testing.plugin import FreshDatabase

KEEPING = ("profile", "retrieval", "rules", "ranker", "scenario")
SUMMARISED_LATE = """
SELECT relname FROM pg_class JOIN pg_am ON pg_am.oid = relam
WHERE amname = 'brin' AND NOT coalesce('autosummarize=on' = ANY(reloptions), false)
"""


@pytest.mark.parametrize("service", KEEPING)
async def test_each_index_over_time_takes_in_new_pages_without_a_vacuum(
    service: str, fresh_database: FreshDatabase
) -> None:
    migrations = import_module(f"services.{service}.storage").MIGRATIONS
    database = await fresh_database(service, migrations)
    assert await database.fetch(SUMMARISED_LATE) == []

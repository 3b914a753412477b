"""How what is old is found in PostgreSQL, however much is young."""

import pytest

from services.rules.storage import MIGRATIONS, ledger, recordings
from shared.testing.statements import forgetting_plan


@pytest.fixture
async def database(fresh_database):
    return await fresh_database("rules", MIGRATIONS)


@pytest.mark.parametrize("table", ["traces", "decisions", "standing", "declines", "contacts"])
async def test_what_is_old_is_looked_up_and_not_read_past(database, table):
    statement = getattr(ledger._SQL, f"forget_{table}")
    assert "Seq Scan" not in await forgetting_plan(database, statement, (1, 10))


async def test_what_is_old_of_the_recordings_is_looked_up_too(database):
    statement = recordings._SQL.forget_recorded_decisions
    assert "Seq Scan" not in await forgetting_plan(database, statement, (1, 10))

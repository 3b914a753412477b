"""The ledgers that the contract is held to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.rules.domain.ledger import Ledger
from services.rules.domain.recordings import RecordingStore
from services.rules.storage import MIGRATIONS
from services.rules.storage.in_memory import InMemoryLedger
from services.rules.storage.ledger import PostgresLedger
from services.rules.storage.recordings import PostgresRecordings
from shared.testing.plugin import FreshDatabase


@pytest_asyncio.fixture(params=["in memory", "PostgreSQL"], loop_scope="session")
async def ledger(
    request: pytest.FixtureRequest, fresh_database: FreshDatabase
) -> AsyncIterator[Ledger]:
    if request.param == "in memory":
        yield InMemoryLedger()
    else:
        yield PostgresLedger(await fresh_database("rules", MIGRATIONS))


@pytest.fixture
def recordings(ledger: Ledger) -> RecordingStore:
    """Return the recordings that belong to the ledger."""
    if isinstance(ledger, InMemoryLedger):
        return ledger.recordings
    assert isinstance(ledger, PostgresLedger)
    return PostgresRecordings(ledger._database)

"""Rules as its callers see it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from services.rules.storage import MIGRATIONS
from shared.testing.plugin import FreshDatabase
from tests.grpc.rules.rules_kit import Rules, running_rules


@pytest_asyncio.fixture(loop_scope="session")
async def rules(fresh_database: FreshDatabase) -> AsyncIterator[Rules]:
    async with running_rules(await fresh_database("rules", MIGRATIONS)) as running:
        yield running

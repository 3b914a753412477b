"""What every store of agents does."""

import pytest

from services.scenario.domain.agents import Agent, Presence
from services.scenario.storage import MIGRATIONS
from services.scenario.storage.agents import PostgresAgents
from services.scenario.storage.in_memory import InMemoryAgents

ADA = Agent("ada", Presence.AVAILABLE, ("tv", "returns"), 2)


@pytest.fixture(params=["memory", "postgres"])
async def agents(request, fresh_database):
    if request.param == "memory":
        return InMemoryAgents()
    return PostgresAgents(await fresh_database("scenario", MIGRATIONS))


async def test_an_agent_is_found_as_they_signed_on(agents):
    await agents.save(ADA, now_us=1)
    assert await agents.find("ada") == ADA
    assert await agents.find("bob") is None


async def test_the_newest_word_counts_whatever_the_order_of_arrival(agents):
    away = Agent("ada", Presence.AWAY)
    await agents.save(away, now_us=2)
    await agents.save(ADA, now_us=1)
    assert await agents.find("ada") == away

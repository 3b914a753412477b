"""Agents kept in PostgreSQL."""

from __future__ import annotations

from services.scenario.domain.agents import Agent, Presence
from shared.postgres import Database, Queries, Row

_SQL = Queries.beside(__file__)


class PostgresAgents:
    """An `AgentStore` on the service's schema."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, agent: Agent, now_us: int) -> None:
        await self._database.execute(
            _SQL.save_agent,
            agent.agent_id,
            agent.presence.value,
            list(agent.skills),
            agent.capacity,
            now_us,
        )

    async def touch(self, agent_id: str) -> None:
        await self._database.execute(_SQL.touch_agent, agent_id)

    async def find(self, agent_id: str) -> Agent | None:
        row = await self._database.fetchrow(_SQL.find_agent, agent_id)
        return None if row is None else agent_of(row)


def agent_of(row: Row) -> Agent:
    return Agent(row["agent_id"], Presence(row["presence"]), tuple(row["skills"]), row["capacity"])

"""Agents kept in memory, for tests."""

from __future__ import annotations

import time
from collections.abc import Callable

from services.scenario.domain.agents import SEEN_FOR_S, Agent


class InMemoryAgents:
    """An `AgentStore` that forgets with its process."""

    def __init__(self, machine_s: Callable[[], float] = time.monotonic) -> None:
        self._machine_s = machine_s
        self._agents: dict[str, tuple[int, Agent]] = {}
        self._seen_s: dict[str, float] = {}

    async def save(self, agent: Agent, now_us: int) -> None:
        known = self._agents.get(agent.agent_id)
        if known is None or known[0] <= now_us:
            self._agents[agent.agent_id] = now_us, agent
            self._seen_s[agent.agent_id] = self._machine_s()

    async def touch(self, agent_id: str) -> None:
        self._seen_s[agent_id] = self._machine_s()

    def is_here(self, agent_id: str) -> bool:
        """Say whether an agent was heard of lately."""
        return self._machine_s() - self._seen_s[agent_id] < SEEN_FOR_S

    def all(self) -> list[Agent]:
        return [agent for _, agent in self._agents.values()]

    def seats(self) -> list[tuple[int, Agent]]:
        """Return when each said last how they are, with how that is, by id."""
        return [self._agents[agent_id] for agent_id in sorted(self._agents)]

    async def find(self, agent_id: str) -> Agent | None:
        known = self._agents.get(agent_id)
        return None if known is None else known[1]

"""Agents of the call centre: who is there, and what each can do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

SEEN_FOR_S = 180.0
"""Whoever was not heard of for longer has gone, whatever they said."""


class Presence(Enum):
    """How an agent is."""

    AVAILABLE = 1
    BUSY = 2
    AWAY = 3


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent as they last signed on."""

    agent_id: str
    presence: Presence
    skills: tuple[str, ...] = ()
    capacity: int = 1
    """Tasks at a time."""


class AgentStore(Protocol):
    """Keeps agents over restarts."""

    async def save(self, agent: Agent, now_us: int) -> None:
        """Keep what an agent said last; `now_us` is business time."""

    async def touch(self, agent_id: str) -> None:
        """Keep that an agent is there now, on the machine's clock; for `SEEN_FOR_S` they count."""

    async def find(self, agent_id: str) -> Agent | None:
        """Return an agent, or None when they never signed on."""

"""The call centre in a story: an agent who signs on, takes the task about somebody, and ends it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import grpc
import grpc.aio

from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ClaimTaskRequest,
    CompleteTaskRequest,
    SetAgentStatusRequest,
    SnoozeTaskRequest,
)
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus, Task

if TYPE_CHECKING:  # typed stubs exist for the checker only
    from touchpoint.aggregator.v1.aggregator_service_pb2_grpc import AggregatorServiceAsyncStub

_CAPACITY = 100
_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody of the call centre who has signed on."""

    edge: AggregatorServiceAsyncStub
    agent_id: str
    passed_over: list[Task] = field(default_factory=list)
    """Tasks about others, held until they are handed back."""

    async def claim(self, person_ids: Collection[str]) -> Task | None:
        """Take tasks until the one about these persons comes; None: there is none."""
        while True:
            request = ClaimTaskRequest(agent_id=self.agent_id)
            try:
                task = (await self.edge.ClaimTask(request, timeout=_TIMEOUT_S)).task
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
                return None
            if set(task.person_ids) & set(person_ids):
                return task
            self.passed_over.append(task)

    async def complete(self, task: Task, outcome: str) -> Task:
        """End a task."""
        request = CompleteTaskRequest(agent_id=self.agent_id, task_id=task.task_id, outcome=outcome)
        return (await self.edge.CompleteTask(request, timeout=_TIMEOUT_S)).task

    async def hand_back(self) -> None:
        """Let whoever works here really have what was passed over."""
        while self.passed_over:
            task = self.passed_over.pop()
            request = SnoozeTaskRequest(
                agent_id=self.agent_id, task_id=task.task_id, until_time=task.due_time
            )
            await self.edge.SnoozeTask(request, timeout=_TIMEOUT_S)


@asynccontextmanager
async def signed_on(edge: AggregatorServiceAsyncStub, *skills: str) -> AsyncIterator[Agent]:
    """Sign a new agent on for a while; in the end they hold nothing that they passed over."""
    agent = Agent(edge, f"agent-{uuid.uuid4().hex[:8]}")
    await _status(agent, AgentStatus.AVAILABLE, *skills)
    try:
        yield agent
        await agent.hand_back()
    finally:
        await _status(agent, AgentStatus.AWAY)


async def _status(agent: Agent, status: AgentStatus.Value.ValueType, *skills: str) -> None:
    request = SetAgentStatusRequest(
        agent_id=agent.agent_id, status=status, skills=skills, capacity=_CAPACITY
    )
    await agent.edge.SetAgentStatus(request, timeout=_TIMEOUT_S)

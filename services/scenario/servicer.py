"""The rpcs of the scenario service: proto in, domain call, proto out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from services.scenario.domain.agents import Agent, AgentStore, Presence
from shared.call import Call
from shared.clock import BusinessClock
from shared.errors import FailedPrecondition, NotFound
from touchpoint.scenario.v1 import scenario_service_pb2 as pb


class ScenarioServicer:
    """No scenario is defined yet, so nothing is ever due and no task ever waits."""

    def __init__(self, agents: AgentStore, clock: BusinessClock) -> None:
        self._agents = agents
        self._clock = clock

    async def get_due(self, call: Call, request: pb.GetDueRequest) -> pb.GetDueResponse:
        response = pb.GetDueResponse()
        response.versions.bundle_hash = request.context.bundle_hash
        return response

    async def list_journeys(
        self, call: Call, request: pb.ListJourneysRequest
    ) -> pb.ListJourneysResponse:
        return pb.ListJourneysResponse()

    async def set_agent_status(
        self, call: Call, request: pb.SetAgentStatusRequest
    ) -> pb.SetAgentStatusResponse:
        agent = Agent(
            request.agent_id, Presence(request.status), tuple(request.skills), request.capacity
        )
        await self._agents.save(agent, self._clock.now_us())
        return pb.SetAgentStatusResponse(status=request.status)

    async def watch_tasks(
        self, call: Call, request: pb.WatchTasksRequest
    ) -> AsyncIterator[pb.WatchTasksResponse]:
        await self._signed_on(request.agent_id)
        await asyncio.Event().wait()  # no task ever falls due: the caller ends the stream
        yield pb.WatchTasksResponse()

    async def claim_task(self, call: Call, request: pb.ClaimTaskRequest) -> pb.ClaimTaskResponse:
        await self._signed_on(request.agent_id)
        raise NotFound("no task waits for this agent", reason="NO_TASK")

    async def complete_task(
        self, call: Call, request: pb.CompleteTaskRequest
    ) -> pb.CompleteTaskResponse:
        raise _no_such_task(request.task_id)

    async def snooze_task(self, call: Call, request: pb.SnoozeTaskRequest) -> pb.SnoozeTaskResponse:
        raise _no_such_task(request.task_id)

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        """Nothing is kept of a person until journeys are."""
        return pb.ErasePersonResponse(rows=0)

    async def _signed_on(self, agent_id: str) -> Agent:
        agent = await self._agents.find(agent_id)
        if agent is None or agent.presence is Presence.AWAY:
            raise FailedPrecondition(
                f"agent {agent_id!r} is not signed on; call SetAgentStatus first",
                reason="AGENT_NOT_SIGNED_ON",
            )
        return agent


def _no_such_task(task_id: str) -> NotFound:
    return NotFound(f"there is no task {task_id!r}", reason="NO_SUCH_TASK")

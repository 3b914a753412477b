"""Hands the call centre's queue on to scenario, which owns it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.aggregator.briefing import Briefings
from services.aggregator.following import follow_on
from services.aggregator.peers import Peers
from shared.call import Call
from shared.client import invoke
from touchpoint.aggregator.v1 import aggregator_service_pb2 as pb
from touchpoint.scenario.v1 import scenario_service_pb2 as scenario_pb

LONGEST_S = 1.0


class TaskDesk:
    """One method per rpc; the messages differ only in their package."""

    def __init__(self, peers: Peers, briefings: Briefings) -> None:
        self._scenario = peers.scenario
        self._briefings = briefings

    async def set_status(
        self, call: Call, request: pb.SetAgentStatusRequest
    ) -> pb.SetAgentStatusResponse:
        """Sign an agent on or off."""
        asked = scenario_pb.SetAgentStatusRequest(
            agent_id=request.agent_id,
            status=request.status,
            skills=request.skills,
            capacity=request.capacity,
        )
        answered = await invoke(self._scenario.SetAgentStatus, asked, call, LONGEST_S)
        return pb.SetAgentStatusResponse(status=answered.status)

    async def watch(
        self, call: Call, request: pb.WatchTasksRequest
    ) -> AsyncIterator[pb.WatchTasksResponse]:
        """Send each task as it falls due; again, where another replica of scenario takes over."""
        asked = scenario_pb.WatchTasksRequest(agent_id=request.agent_id)
        async for answered in follow_on(self._scenario.WatchTasks, asked, call):
            yield pb.WatchTasksResponse(task=answered.task)

    async def claim(self, call: Call, request: pb.ClaimTaskRequest) -> pb.ClaimTaskResponse:
        """Take a task, with what there is to know of its person; NotFound when there is none."""
        asked = scenario_pb.ClaimTaskRequest(agent_id=request.agent_id, task_id=request.task_id)
        answered = await invoke(self._scenario.ClaimTask, asked, call, LONGEST_S)
        briefing = await self._briefings.of(call, answered.task)
        briefing.number = answered.number
        briefing.notes.extend(answered.notes)
        return pb.ClaimTaskResponse(task=answered.task, briefing=briefing)

    async def complete(
        self, call: Call, request: pb.CompleteTaskRequest
    ) -> pb.CompleteTaskResponse:
        """End a task with its outcome."""
        asked = scenario_pb.CompleteTaskRequest(
            agent_id=request.agent_id,
            task_id=request.task_id,
            outcome=request.outcome,
            note=request.note,
            offer_ids=request.offer_ids,
            decision_id=request.decision_id,
        )
        if request.HasField("again_time"):
            asked.again_time.CopyFrom(request.again_time)
        answered = await invoke(self._scenario.CompleteTask, asked, call, LONGEST_S)
        return pb.CompleteTaskResponse(task=answered.task)

    async def snooze(self, call: Call, request: pb.SnoozeTaskRequest) -> pb.SnoozeTaskResponse:
        """Put a task off."""
        asked = scenario_pb.SnoozeTaskRequest(
            agent_id=request.agent_id, task_id=request.task_id, until_time=request.until_time
        )
        answered = await invoke(self._scenario.SnoozeTask, asked, call, LONGEST_S)
        return pb.SnoozeTaskResponse(task=answered.task)

"""Stories wait for what the suite does, say why they cannot go on, and never play the agent's part.

That they come out is tested on a suite, in the integration tests of the command line.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import grpc
import grpc.aio
import pytest

from demo.stories import playing, stage
from demo.stories.desk import signed_on
from demo.stories.stage import Stage, StoryError, StorySkipped, sources
from touchpoint.aggregator.v1.aggregator_service_pb2 import (
    ClaimTaskResponse,
    CompleteTaskResponse,
    RecommendResponse,
)
from touchpoint.common.v1.vocabulary_pb2 import Source
from touchpoint.scenario.v1.scenario_pb2 import AgentStatus, Task


def _refusal(code):
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(), "no")


class CallCentre:
    """The agents' part of the edge, with so many tasks of other people before anybody's own."""

    def __init__(self, *tasks):
        self.tasks = list(tasks)
        self.statuses = []
        self.completed = []
        self.handed_back = []

    async def SetAgentStatus(self, request, timeout):  # noqa: N802 as the stub names it
        self.statuses.append(request.status)

    async def ClaimTask(self, request, timeout):  # noqa: N802
        if not self.tasks:
            raise _refusal(grpc.StatusCode.NOT_FOUND)
        return ClaimTaskResponse(task=self.tasks.pop(0))

    async def SnoozeTask(self, request, timeout):  # noqa: N802
        self.handed_back.append(request.task_id)

    async def CompleteTask(self, request, timeout):  # noqa: N802
        self.completed.append(request.task_id)
        return CompleteTaskResponse(task=Task(task_id=request.task_id, outcome=request.outcome))


def _stage(**how):
    return Stage(CallCentre(), tell=lambda _: None, **how)


async def test_an_agent_hands_other_peoples_tasks_back_and_signs_off():
    edge = CallCentre(Task(task_id="1", person_ids=["p"]), Task(task_id="2", person_ids=["q", "r"]))
    async with signed_on(edge, "sales") as agent:
        task = await agent.claim(["r"])
        assert (await agent.complete(task, "accepted")).outcome == "accepted"
        assert await agent.claim(["r"]) is None
        assert edge.handed_back == []
    assert edge.completed == ["2"]
    assert edge.handed_back == ["1"]
    assert edge.statuses == [AgentStatus.AVAILABLE, AgentStatus.AWAY]


async def test_an_agent_does_not_hide_that_the_queue_is_out_of_order():
    edge = CallCentre()

    async def broken(request, timeout):
        raise _refusal(grpc.StatusCode.UNAVAILABLE)

    edge.ClaimTask = broken
    with pytest.raises(grpc.aio.AioRpcError):
        async with signed_on(edge, "sales") as agent:
            await agent.claim(["p"])
    assert edge.statuses[-1] == AgentStatus.AWAY


async def test_time_moves_with_the_story():
    async def move(by):
        return by + timedelta(hours=1)

    told = _stage(move=move)
    await told.passes(timedelta(days=2))
    assert told.ahead == timedelta(days=2, hours=1)


async def test_outside_of_development_a_story_that_needs_time_is_left_out():
    async def refused(by):
        raise _refusal(grpc.StatusCode.FAILED_PRECONDITION)

    with pytest.raises(StorySkipped, match="development"):
        await _stage(move=refused).passes(timedelta(days=2))
    with pytest.raises(StorySkipped, match="development"):
        await _stage().passes(timedelta(days=2))


async def test_a_clock_that_does_not_answer_is_no_reason_to_leave_a_story_out():
    async def gone(by):
        raise _refusal(grpc.StatusCode.UNAVAILABLE)

    with pytest.raises(grpc.aio.AioRpcError):
        await _stage(move=gone).passes(timedelta(days=2))


async def test_what_never_comes_is_named(monkeypatch):
    monkeypatch.setattr(stage, "_PATIENCE_S", 0.0)

    async def never():
        return False

    with pytest.raises(StoryError, match="the journey did not come"):
        await _stage().until(never, "the journey")


async def test_what_comes_late_is_waited_for(monkeypatch):
    monkeypatch.setattr(stage, "_GLANCE_S", 0.0)
    looked = Counter()

    async def at_the_third_look():
        looked["times"] += 1
        return looked["times"] == 3

    await _stage().until(at_the_third_look, "the journey")
    assert looked["times"] == 3


async def test_a_story_left_out_tells_why_and_fails_nothing(monkeypatch):
    async def not_here(stage):
        """Nobody is here."""
        raise StorySkipped("no model is served yet")

    async def no_time(channel):
        return timedelta()

    monkeypatch.setattr(playing, "STORIES", {"empty": not_here})
    monkeypatch.setattr(playing, "ahead", no_time)
    begun = []
    [played] = await playing.play("127.0.0.1:1", ["empty"], begun.append, begun.append)
    assert played.skipped == "no model is served yet"
    assert played.came_out
    assert begun == ["Nobody is here."]


def test_the_source_of_what_is_shown_is_its_first_reason():
    answer = RecommendResponse()
    page = answer.placements.add(placement="web.checkout")
    page.recommendations.add(offer_id="a").reasons.add(code=Source.JOURNEY)
    page.recommendations.add(offer_id="b")
    assert sources(answer) == {"a": Source.JOURNEY}

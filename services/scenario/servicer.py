"""The rpcs of the scenario service: proto in, domain call, proto out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from services.scenario.audiences.rpcs import AudienceRpcs, Audiences
from services.scenario.desk.tasks import TaskDesk
from services.scenario.domain.agents import Agent, Presence
from services.scenario.domain.best_channel import PassedOver
from services.scenario.domain.completing import Completion
from services.scenario.domain.errand_store import ErrandStore
from services.scenario.domain.errands import Dispatch
from services.scenario.domain.journey import Journey, Phase
from services.scenario.domain.ports import JourneyStore
from services.scenario.domain.tasks import Attempt, Task
from services.scenario.domain.wording import told, waits_for
from services.scenario.journeys.due import DueActions
from services.scenario.patterns.search import PatternRpcs, PatternSearch
from services.scenario.reports.queue import QueueReports
from services.scenario.reports.scenarios import ScenarioReports
from shared.call import Call
from shared.clock import from_us
from shared.person_export import demand_permission
from touchpoint.common.v1.decision_pb2 import ChannelPassedOver
from touchpoint.common.v1.vocabulary_pb2 import Channel
from touchpoint.scenario.v1 import queue_pb2, reports_pb2, scenario_pb2
from touchpoint.scenario.v1 import scenario_service_pb2 as pb


class ScenarioServicer(AudienceRpcs, PatternRpcs):
    """Journeys for those who decide, tasks for those who call, audiences for those who plan."""

    def __init__(
        self,
        due: DueActions,
        journeys: JourneyStore,
        errands: ErrandStore,
        desk: TaskDesk,
        audiences: Audiences,
        reports: ScenarioReports,
        queue: QueueReports,
        patterns: PatternSearch,
    ) -> None:
        AudienceRpcs.__init__(self, audiences)
        PatternRpcs.__init__(self, patterns)
        self._due = due
        self._journeys = journeys
        self._errands = errands
        self._desk = desk
        self._reports = reports
        self._queue = queue

    async def get_due(self, call: Call, request: pb.GetDueRequest) -> pb.GetDueResponse:
        return self._due.answer(request)

    async def list_journeys(
        self, call: Call, request: pb.ListJourneysRequest
    ) -> pb.ListJourneysResponse:
        kept = await self._journeys.open_for(request.person_ids)
        found = [each for each in kept if not each.dormant]
        if any(not each.occurrence for each in found) and self._due.are_held_out(
            request.person_ids
        ):
            # They wait only for it to be seen whether they would have entered.
            found = [each for each in found if each.occurrence]
        wrote = [each.journey_id for each in found if each.messages]
        messages = await self._errands.latest_messages(wrote) if wrote else {}
        return pb.ListJourneysResponse(
            journeys=[_journey(journey, messages.get(journey.journey_id)) for journey in found]
        )

    async def set_agent_status(
        self, call: Call, request: pb.SetAgentStatusRequest
    ) -> pb.SetAgentStatusResponse:
        agent = Agent(
            request.agent_id,
            Presence(request.status),
            tuple(request.skills),
            request.capacity or 1,
        )
        await self._desk.sign(agent)
        return pb.SetAgentStatusResponse(status=request.status)

    async def watch_tasks(
        self, call: Call, request: pb.WatchTasksRequest
    ) -> AsyncIterator[pb.WatchTasksResponse]:
        async for task in self._desk.watch(request.agent_id):
            yield pb.WatchTasksResponse(task=_task(task))

    async def claim_task(self, call: Call, request: pb.ClaimTaskRequest) -> pb.ClaimTaskResponse:
        task = await self._desk.claim(call, request.agent_id, request.task_id)
        number = await self._desk.number_of(task)
        notes = map(_note, await self._desk.notes_on(task))
        return pb.ClaimTaskResponse(task=_task(task), number=number, notes=notes)

    async def complete_task(
        self, call: Call, request: pb.CompleteTaskRequest
    ) -> pb.CompleteTaskResponse:
        completion = Completion(
            request.task_id,
            request.agent_id,
            request.outcome,
            request.note,
            request.again_time.ToMicroseconds(),
            tuple(request.offer_ids),
            request.decision_id,
        )
        return pb.CompleteTaskResponse(task=_task(await self._desk.complete(call, completion)))

    async def snooze_task(self, call: Call, request: pb.SnoozeTaskRequest) -> pb.SnoozeTaskResponse:
        until_us = request.until_time.ToMicroseconds()
        task = await self._desk.snooze(call, request.agent_id, request.task_id, until_us)
        return pb.SnoozeTaskResponse(task=_task(task))

    async def get_scenario_report(
        self, call: Call, request: reports_pb2.GetScenarioReportRequest
    ) -> reports_pb2.GetScenarioReportResponse:
        return await self._reports.answer(request)

    async def get_queue_report(
        self, call: Call, request: queue_pb2.GetQueueReportRequest
    ) -> queue_pb2.GetQueueReportResponse:
        return await self._queue.answer(request)

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        return pb.ErasePersonResponse(rows=await self._journeys.erase(request.person_ids))

    async def export_person(
        self, call: Call, request: pb.ExportPersonRequest
    ) -> AsyncIterator[pb.ExportPersonResponse]:
        demand_permission(call)
        async for table, rows in self._journeys.export(request.person_ids):
            yield pb.ExportPersonResponse(table=table, rows=rows)


def _journey(journey: Journey, latest: Dispatch | None) -> scenario_pb2.Journey:
    stage = journey.current
    message = scenario_pb2.Journey(
        journey_id=journey.journey_id,
        scenario=journey.scenario.name,
        stage=stage.name if stage is not None else "",
        waits_for=waits_for(journey),
        obstacle=journey.obstacle,
        message=told(latest, Channel.Value.Name) if latest is not None else "",  # type: ignore[arg-type]
        message_channel_why=latest.why if latest is not None else "",
        message_channels_passed_over=_passed_over(latest.passed_over if latest is not None else ()),
    )
    message.stage_entered_time.FromDatetime(from_us(journey.entered_us or journey.started_us))
    if journey.phase is Phase.PARKED and journey.due_us:
        message.goes_on_time.FromMicroseconds(journey.due_us)
    return message


def _passed_over(channels: Iterable[PassedOver]) -> list[ChannelPassedOver]:
    return [
        ChannelPassedOver(
            channel=Channel.Value.ValueType(each.channel),
            likelihood=each.likelihood,
            reason=each.reason,
        )
        for each in channels
    ]


def _note(noted: Attempt) -> scenario_pb2.TaskNote:
    message = scenario_pb2.TaskNote(
        outcome=noted.outcome, agent_id=noted.agent_id, text=noted.note, task_id=noted.task_id
    )
    message.time.FromMicroseconds(noted.ended_us)
    return message


def _task(task: Task) -> scenario_pb2.Task:
    message = scenario_pb2.Task(
        task_id=task.task_id,
        kind=task.kind,
        person_ids=task.person_ids,
        reason=task.reason,
        script=task.script,
        offer_ids=task.offer_ids,
        skills=task.skills,
        priority=task.priority,
        agent_id=task.agent_id,
        channel=Channel.Value.ValueType(task.of_kind.channel),
        journey_id=task.journey_id,
        outcome=task.outcome,
        latest=task.latest,
        tries=task.tries,
        channels_passed_over=_passed_over(task.passed_over),
    )
    message.due_time.FromDatetime(from_us(task.due_us))
    if task.expires_us:
        message.expires_time.FromDatetime(from_us(task.expires_us))
    if task.claimed_until_us:
        message.claimed_until_time.FromDatetime(from_us(task.claimed_until_us))
    return message

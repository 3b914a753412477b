"""The call centre's queue, for reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from services.scenario.definitions import Playbook
from services.scenario.domain.capacity import calls_per_day
from services.scenario.domain.moments import day_of, is_working_day, local_day
from services.scenario.domain.ports import CallDay
from services.scenario.domain.queue import (
    LATELY_US,
    Line,
    Queue,
    QueueStore,
    Seat,
    Terms,
    Tried,
    kept_promises,
    median_us,
    takers,
)
from services.scenario.domain.task_kinds import CALL_BACK
from shared.clock import BusinessClock
from shared.definitions import BundleFollower
from touchpoint.scenario.v1 import queue_pb2 as pb

_MOST_TRIED = 50_000


class QueueReports:
    """Answers `GetQueueReport`."""

    def __init__(
        self, store: QueueStore, bundles: BundleFollower[Playbook], clock: BusinessClock
    ) -> None:
        self._store = store
        self._bundles = bundles
        self._clock = clock

    async def answer(self, request: pb.GetQueueReportRequest) -> pb.GetQueueReportResponse:
        """Return what waits now, and how the day of the deployment went so far."""
        playbook, now_us = self._bundles.active, self._clock.now_us()
        today_is = local_day(now_us, playbook.time_zone)
        began_us, ends_us = day_of(now_us, playbook.time_zone)
        tried = await self._store.tried(now_us - LATELY_US, _MOST_TRIED)
        queue = replace(await self._store.standing(now_us), tried=tried)
        load = await self._store.load(CallDay(today_is, now_us, began_us, ends_us))
        today = [each for each in tried if each.ended_us >= began_us]
        done = Counter(each.agent_id for each in today)
        promises = [
            await self._promise(terms, queue, today) for terms in playbook.desk.promised.values()
        ]
        [calls] = [each for each in promises if each.kind == CALL_BACK]
        response = pb.GetQueueReportResponse(
            lines=map(_line, queue.lines),
            agents=[_agent(seat, done[seat.agent.agent_id]) for seat in queue.seats],
            outcomes=[
                pb.QueueOutcome(outcome=outcome, count=count)
                for outcome, count in Counter(each.outcome for each in today).most_common()
            ],
            promised=calls.promised,
            promises_kept=calls.kept,
            promises=calls.asked,
            promises_overdue=calls.overdue,
            promised_kinds=promises,
            call_backs=[
                pb.QueueCallBack(
                    kind=each.kind, state=each.state, reason=each.reason, count=each.number
                )
                for each in await self._store.rung_back(began_us)
            ],
            takers=calls.takers,
            calls_per_day=calls_per_day(queue, playbook.desk.assumed),
            calls_made=queue.made_in(today_is),
            calls_tried=load.tried,
            calls_open=load.open,
            day_off=not is_working_day(
                date.fromisoformat(today_is), playbook.holidays, playbook.desk.weekdays
            ),
        )
        response.since_time.FromMicroseconds(began_us)
        _measure(response, today)
        return response

    async def _promise(self, terms: Terms, queue: Queue, today: Sequence[Tried]) -> pb.QueuePromise:
        kept, asked = kept_promises(today, terms)
        promise = pb.QueuePromise(
            kind=terms.kind,
            kept=kept,
            asked=asked,
            overdue=await self._store.overdue(
                terms.kind, queue.now_us - terms.promised_us, queue.now_us
            ),
            takers=takers(queue, terms),
        )
        promise.promised.FromMicroseconds(terms.promised_us)
        return promise


def _measure(response: pb.GetQueueReportResponse, today: list[Tried]) -> None:
    if not today:
        return
    to_claim = median_us(each.claimed_us - each.due_us for each in today)
    response.median_to_claim.FromMicroseconds(to_claim)
    to_complete = median_us(each.ended_us - each.claimed_us for each in today)
    response.median_to_complete.FromMicroseconds(to_complete)


def _line(line: Line) -> pb.QueueLine:
    message = pb.QueueLine(
        kind=line.kind,
        skills=line.skills,
        waiting=line.waiting,
        claimed=line.claimed,
        snoozed=line.snoozed,
        later=line.later,
    )
    if line.oldest_us:
        message.oldest_time.FromMicroseconds(line.oldest_us)
    return message


def _agent(seat: Seat, done: int) -> pb.QueueAgent:
    agent = seat.agent
    return pb.QueueAgent(
        agent_id=agent.agent_id,
        status=seat.presence.value,  # type: ignore[arg-type]
        skills=agent.skills,
        capacity=agent.capacity,
        held=seat.held,
        done=done,
    )

"""The call centre's queue as it is read from memory, for tests."""

from __future__ import annotations

from collections import Counter

from services.scenario.domain.effects import RingBack
from services.scenario.domain.outcomes import SNOOZED
from services.scenario.domain.ports import CALLS, CallDay
from services.scenario.domain.queue import Line, Load, Queue, RungBack, Seat, Tried
from services.scenario.domain.tasks import Task
from services.scenario.storage.in_memory_errands import InMemoryErrands
from services.scenario.storage.in_memory_journeys import InMemoryJourneys


class InMemoryQueue:
    """A `QueueStore` on journeys in memory."""

    def __init__(self, journeys: InMemoryJourneys, errands: InMemoryErrands) -> None:
        self._journeys = journeys
        self._errands = errands

    async def standing(self, now_us: int) -> Queue:
        store = self._journeys
        seats = [
            Seat(
                agent,
                await store.held(agent.agent_id, now_us),
                changed_us,
                store.agents.is_here(agent.agent_id),
            )
            for changed_us, agent in store.agents.seats()
        ]
        made_on, made = store.rooms.get(CALLS, ("", 0))
        return Queue(now_us, seats, self._lines(now_us), made_on=made_on, made=made)

    async def tried(self, since_us: int, limit: int) -> list[Tried]:
        store = self._journeys
        latest = sorted(store.attempts, key=lambda each: (-each.ended_us, each.task_id))
        found = [
            Tried(
                store.tasks[each.task_id][0].kind,
                each.agent_id,
                each.outcome,
                each.due_us,
                each.claimed_us,
                each.ended_us,
            )
            for each in latest
            if each.ended_us > since_us
        ]
        return found[:limit]

    async def overdue(self, kind: str, before_us: int, now_us: int) -> int:
        return sum(
            task.kind == kind
            and not (task.tries or task.is_over(now_us) or task.is_held(now_us))
            and task.due_us <= before_us
            for task, _ in self._journeys.tasks.values()
        )

    async def load(self, day: CallDay) -> Load:
        return self._journeys.calls_of(day)

    async def rung_back(self, since_us: int) -> list[RungBack]:
        numbers = Counter(
            (each.job.kind, each.state.value, each.reason)
            for each in self._errands.all().values()
            if isinstance(each.job, RingBack) and each.due_us > since_us
        )
        return [RungBack(*key, number) for key, number in sorted(numbers.items())]

    def _lines(self, now_us: int) -> list[Line]:
        lines: dict[tuple[str, tuple[str, ...]], list[Task]] = {}
        for task, _ in self._journeys.tasks.values():
            rests = self._journeys.journeys[task.journey_id].dormant
            if not (task.is_over(now_us) or rests):
                lines.setdefault((task.kind, task.skills), []).append(task)
        return [_line(kind, skills, lines[kind, skills], now_us) for kind, skills in sorted(lines)]


def _line(kind: str, skills: tuple[str, ...], tasks: list[Task], now_us: int) -> Line:
    free = [each for each in tasks if not each.is_held(now_us)]
    waiting = [each for each in free if each.due_us <= now_us]
    later = [each for each in free if each.due_us > now_us]
    snoozed = sum(each.latest == SNOOZED for each in later)
    return Line(
        kind,
        skills,
        waiting=len(waiting),
        oldest_us=min((each.due_us for each in waiting), default=0),
        claimed=len(tasks) - len(free),
        snoozed=snoozed,
        later=len(later) - snoozed,
    )

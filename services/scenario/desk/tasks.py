"""The call centre's desk: agents take tasks, put them off and end them, and see new ones come."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence

from services.scenario.crashing import Reach
from services.scenario.desk.approaching import NEVER, Approaches
from services.scenario.desk.ringing import Numbers
from services.scenario.domain.agents import Agent, AgentStore, Presence
from services.scenario.domain.claiming import (
    claim,
    give_back,
    signed_on,
    snooze,
    undo_claim,
    withdraw,
)
from services.scenario.domain.completing import Completion, complete
from services.scenario.domain.outcomes import course_of
from services.scenario.domain.task_kinds import BY_TELEPHONE
from services.scenario.domain.tasks import Attempt, Task, TaskStore
from shared.call import Call
from shared.clock import BusinessClock
from shared.errors import FailedPrecondition, TouchpointError
from shared.logging import get_logger

LOOK_EVERY_S = 1.0
"""Tasks fall due, and agents change, on other replicas too."""
_NUMBER_S = 0.15
"""The task is theirs already: they can ask for it elsewhere."""
_MOST_NOTES = 10
TOUCH_EVERY_S = 30.0
"""So often it is kept that whoever watches is there."""
log = get_logger(__name__)


class TaskNews:
    """Wakes whoever watches for tasks, as soon as there may be another."""

    def __init__(self) -> None:
        self.number = 0
        """How often it was told."""
        self._changed = asyncio.Event()

    def tell(self) -> None:
        self.number += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self, seen: int, longest_s: float) -> None:
        """Return when told more often than was seen, or after a while."""
        if self.number != seen:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._changed.wait()


class TaskDesk:
    """What agents do; each in a transaction of its own."""

    def __init__(
        self,
        store: TaskStore,
        agents: AgentStore,
        clock: BusinessClock,
        approaches: Approaches,
        *,
        news: TaskNews | None = None,
        wake: Callable[[], None] = lambda: None,
        reach: Reach = lambda _: None,
        numbers: Numbers | None = None,
    ) -> None:
        self._store = store
        self._agents = agents
        self._clock = clock
        self._approaches = approaches
        self._news = news or TaskNews()
        self._wake = wake
        self._reach = reach
        self._numbers = numbers

    async def sign(self, agent: Agent) -> None:
        """Keep how an agent is now."""
        await self._agents.save(agent, self._clock.now_us())
        self._news.tell()

    async def _touch(self, agent_id: str) -> None:
        """Keep that an agent is there; that it cannot be kept stops nobody at work."""
        with contextlib.suppress(TouchpointError):
            await self._agents.touch(agent_id)

    async def claim(self, call: Call, agent_id: str, task_id: str) -> Task:
        """Give a task to an agent whose person may be approached once more.

        Others are put off until they may; see also `services.scenario.domain.tasks.claim`. While
        that cannot be known, the task is left as it was and the kit's error raised.
        """
        await self._touch(agent_id)
        while True:
            now_us = self._clock.now_us()
            async with self._store.transaction() as transaction:
                task = await claim(transaction, agent_id, task_id, now_us)
            if not task.of_kind.is_approach:
                return task
            # Theirs already, it is asked again all the same: whoever took it may have died before.
            free_us = await self._reserved(call, task, is_new=task.taken_us == now_us)
            if free_us is None:
                return task
            if free_us == NEVER:
                await self._withdraw(task)
                if task_id:
                    raise FailedPrecondition(
                        "the person refuses to be called; the task has ended", reason="NO_CONSENT"
                    )
                continue
            async with self._store.transaction() as transaction:
                await give_back(transaction, task, free_us)
            self._news.tell()
            if task_id:
                raise FailedPrecondition(
                    "the person was approached as often as the contact limit allows",
                    reason="CONTACT_LIMIT",
                )

    async def number_of(self, task: Task) -> str:
        """Return the number to call for a task, empty where none is known or told in time."""
        if self._numbers is None or task.of_kind.channel != BY_TELEPHONE:
            return ""
        try:
            async with asyncio.timeout(_NUMBER_S):
                return await self._numbers.of(task.person_id)
        except (TimeoutError, TouchpointError):
            return ""

    async def notes_on(self, task: Task) -> Sequence[Attempt]:
        """Return the tries of which agents noted something, of all tasks of its person.

        Latest first; none while nobody can say it: the task is theirs all the same.
        """
        try:
            return await self._store.noted(task.person_ids or (task.person_id,), _MOST_NOTES)
        except TouchpointError as error:
            log.warning("notes_not_known", reason=error.reason)
            return ()

    async def _reserved(self, call: Call, task: Task, *, is_new: bool) -> int | None:
        """Return None when the call may be made, else from when on."""
        is_known = False
        try:
            persons = task.person_ids or (task.person_id,)
            free_us = await self._approaches.reserve(call, task.contact_id, persons)
            is_known = True
            return free_us
        finally:
            # Also when the agent's deadline ends this: nobody was told that they hold the task.
            if is_new and not is_known:
                await asyncio.shield(self._undo(task))

    async def _withdraw(self, task: Task) -> None:
        async with self._store.transaction() as transaction:
            await withdraw(transaction, task, self._clock.now_us())
        self._news.tell()
        self._wake()

    async def _undo(self, task: Task) -> None:
        async with self._store.transaction() as transaction:
            await undo_claim(transaction, task)

    async def complete(self, call: Call, completion: Completion) -> Task:
        """End a task with its outcome, or put it off until it is tried again."""
        await self._touch(completion.agent_id)
        async with self._store.transaction() as transaction:
            task = await complete(transaction, completion, self._clock.now_us())
            self._reach("before_completion_commit")
        self._reach("after_completion_commit")
        if not course_of(task.kind, completion.outcome).was_approached:
            with contextlib.suppress(TouchpointError):  # it is free by itself soon
                await self._approaches.release(call, task.contact_id)
        self._news.tell()
        self._wake()
        return task

    async def snooze(self, call: Call, agent_id: str, task_id: str, until_us: int) -> Task:
        """Put a task off."""
        await self._touch(agent_id)
        async with self._store.transaction() as transaction:
            task = await snooze(transaction, agent_id, task_id, until_us, self._clock.now_us())
        with contextlib.suppress(TouchpointError):  # it is free by itself when the hold is over
            await self._approaches.release(call, task.contact_id)
        self._news.tell()
        return task

    async def watch(self, agent_id: str) -> AsyncIterator[Task]:
        """Yield the tasks that an agent holds, then those that wait for them, for ever.

        Of those as many as they still take, each once, and again when it came free after somebody
        held it. While they watch, they are there.
        """
        signed_on(await self._agents.find(agent_id))
        # Also one of which they never heard that it is theirs: the answer to their claim was lost.
        for task in await self._store.held_tasks(agent_id, self._clock.now_us()):
            yield task
        told: dict[str, int] = {}
        touched_s = -math.inf
        while True:
            seen = self._news.number
            if time.monotonic() - touched_s >= TOUCH_EVERY_S:
                await self._touch(agent_id)
                touched_s = time.monotonic()
            for task in await self._fitting(agent_id):
                if told.get(task.task_id) != task.claims:
                    told[task.task_id] = task.claims
                    yield task
            await self._news.wait(seen, LOOK_EVERY_S)

    async def _fitting(self, agent_id: str) -> list[Task]:
        agent = await self._agents.find(agent_id)
        if agent is None or agent.presence is not Presence.AVAILABLE:
            return []
        now_us = self._clock.now_us()
        free = agent.capacity - await self._store.held(agent_id, now_us)
        return list(await self._store.waiting(agent.skills, now_us, free)) if free > 0 else []

"""Does what journeys bring about outside of them: messages, attributes, notes.

Every replica works. What is claimed under a lease is done step by step, each step committed before
the next; a worker that dies leaves behind what another can go on from.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Callable

from services.scenario.asking import obstacle_of
from services.scenario.desk.ringing import Ringer
from services.scenario.domain.actions import MessageOrder
from services.scenario.domain.effects import RingBack
from services.scenario.domain.errand_steps import fail, finish, refused
from services.scenario.domain.errand_store import ErrandWork
from services.scenario.domain.errands import Dispatch, State, Step
from services.scenario.domain.lanes import rooms
from services.scenario.errands.logbook import Logbook
from services.scenario.journeys.happenings import message_news
from services.scenario.messages.sending import Sender
from shared.catalogue import Catalogue
from shared.clock import BusinessClock
from shared.errors import LASTING, TouchpointError
from shared.logging import get_logger
from shared.replacing import replace

BATCH = 32
"""Done at the same time on each lane: while a carrier hangs, others and call-backs go on."""
LEASE_S = 30.0
"""Of what is claimed and not handed over yet."""
POLL_S = 1.0
_LEAST_PAUSE_S = 0.01
_DRAIN_S = 5.0
"""Of what is being sent when the service is asked to stop."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0
_MOST_DEFECTS = 8
"""How often a message may fail by a defect of ours before it is given up."""
log = get_logger(__name__)


class Errands:
    """A worker of one replica; see `run`."""

    def __init__(
        self,
        store: ErrandWork,
        sender: Sender,
        logbook: Logbook,
        catalogue: Catalogue,
        clock: BusinessClock,
        *,
        owner: str,
        lease_s: float = LEASE_S,
        on_news: Callable[[], None] = lambda: None,
        ringer: Ringer | None = None,
    ) -> None:
        """Take what it works with; `on_news` hears that a journey may be to be looked at."""
        self._store = store
        self._sender = sender
        self._logbook = logbook
        self._ringer = ringer or Ringer(store, {}, clock)
        self._catalogue = catalogue
        self._clock = clock
        self._owner = owner
        self._lease_s = lease_s
        self._on_news = on_news
        self._wake = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._running: dict[asyncio.Task[None], int] = {}

    @property
    def channels(self) -> frozenset[int]:
        """The numbers of the channels that messages can be sent on."""
        return self._sender.channels

    def wake(self) -> None:
        """Look at once: there may be another."""
        self._wake.set()

    async def run(self) -> None:
        """Work for ever; a background task of the service.

        Asked to stop, it takes nothing new and gives what is being sent a while to be heard of.
        """
        pause_s = _FIRST_PAUSE_S
        try:
            while True:
                self._wake.clear()
                try:
                    if not await self._begin():
                        await self._pause()
                except TouchpointError as error:
                    log.warning("errands_paused", reason=error.reason, pause_s=pause_s)
                    await asyncio.sleep(pause_s)
                    pause_s = min(pause_s * 2, POLL_S)
                else:
                    pause_s = _FIRST_PAUSE_S
        finally:
            await self._drain()

    async def forget(self, before_us: int) -> None:
        """Forget what was done for no journey before a time."""
        await self._store.forget(before_us)

    async def work_once(self) -> int:
        """Do a batch of what is due; returns how much was claimed."""
        found = await self._begin()
        while self._running:
            await asyncio.gather(*self._running)
        return found

    async def _begin(self) -> int:
        """Begin with what is due, as much as there is room for; returns how much that was."""
        now_us = self._clock.now_us()
        taken = Counter(self._running.values())
        claimed = await self._store.claim(self._owner, now_us, self._lease_s, BATCH, taken)
        for dispatch in claimed:
            task = asyncio.create_task(self._do(dispatch))
            self._running[task] = dispatch.lane
            task.add_done_callback(self._ended)
        return len(claimed)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._wake.set()

    async def _drain(self) -> None:
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=_DRAIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _do(self, dispatch: Dispatch) -> None:
        """Go with one errand as far as it goes now."""
        try:
            await self._go_on(dispatch)
        except Exception as error:  # the edge of a background process: poison must not stop it
            await self._leave(dispatch, error)
        else:
            self._failures.pop(dispatch.errand_id, None)

    async def _go_on(self, dispatch: Dispatch) -> None:
        if isinstance(dispatch.job, MessageOrder) and dispatch.state is not State.SENT:
            step = await self._sender.next_step(dispatch)
            if step is None or not await self._keep(step):
                return
            dispatch = step.dispatch
            if dispatch.state is not State.SENT:
                return
        if isinstance(dispatch.job, RingBack):
            rung = await self._ringer.next_step(dispatch, dispatch.job)
            if rung is not None:
                await self._keep(rung)
            return
        try:
            await self._logbook.write(dispatch)
        except LASTING as error:
            if dispatch.state is State.SENT:  # out: its person's log has to say so
                raise
            await self._keep(refused(dispatch, error.reason, self._clock.now_us()))
        else:
            await self._keep(finish(dispatch))

    async def _keep(self, step: Step) -> bool:
        now_us = self._clock.now_us()
        dated = replace(step, at_us=now_us)
        # Of what is sent its journey hears once, with the news itself.
        news = message_news(dated, now_us, self._catalogue) if _is_news(step) else None
        kept = await self._store.keep(dated, self._lease_s, news)
        if kept:
            _tell(step.dispatch)
            if news is not None:
                self._on_news()
        return kept

    async def _leave(self, dispatch: Dispatch, error: Exception) -> None:
        """Leave an errand for a while, ever longer, with what holds it up."""
        errand_id = dispatch.errand_id
        failures = self._failures[errand_id] = self._failures.get(errand_id, 0) + 1
        pause_s = min(_FIRST_PAUSE_S * 2 ** (failures - 1), _LONGEST_PAUSE_S)
        is_defect = not isinstance(error, TouchpointError)
        if isinstance(error, TouchpointError):
            log.warning("errand_put_off", errand_id=errand_id, reason=error.reason)
        else:
            log.error("errand_failed", errand_id=errand_id, exc_info=error)
        with contextlib.suppress(TouchpointError):  # else the lease runs out by itself
            if is_defect and dispatch.state is State.WAITING and failures >= _MOST_DEFECTS:
                await self._keep(fail(dispatch, f"it cannot be done ({type(error).__name__})"))
            else:
                await self._store.leave(dispatch, pause_s, obstacle_of(error))

    async def _pause(self) -> None:
        """Return at the next due time of a lane with room, or when woken.

        In between only that time is asked for.
        """
        while not self._wake.is_set():
            free = [lane for lane, _ in rooms(BATCH, Counter(self._running.values()))]
            due_us = await self._store.next_due_us(free)
            left_s = (due_us - self._clock.now_us()) / 1e6 if due_us else math.inf
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(max(min(POLL_S, left_s), _LEAST_PAUSE_S)):
                    await self._wake.wait()
            if left_s <= POLL_S:
                return


def _is_news(step: Step) -> bool:
    after = step.dispatch
    return after.state is not State.SENT or after.is_open


def _tell(dispatch: Dispatch) -> None:
    log.info(
        "errand_moved",
        errand_id=dispatch.errand_id,
        scenario=dispatch.scenario,
        stage=dispatch.stage,
        state=dispatch.state.value,
        channel=dispatch.channel,
        reason=dispatch.reason,
    )

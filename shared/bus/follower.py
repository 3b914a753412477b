"""A consumer that reads into memory: it keeps its own place and never holds up the requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

from shared.bus.message import Message
from shared.bus.port import Bus, StreamState, Subscription
from shared.bus.subjects import Stream
from shared.errors import TouchpointError, Unavailable
from shared.logging import get_logger

SLICE_S = 0.005
"""Longest time to apply messages before requests get their turn."""
_BATCH = 500
_WAIT_S = 2.0
"""For messages, which are taken as they come; then it is looked whether the bus still answers."""
_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 1.0
_LONGEST_PAUSE_AFTER_POISON_S = 60.0
"""To catch up may mean to read months of a log; a defect must not make that a loop."""
_LAG_ALARM_S = 5.0
log = get_logger(__name__)


class GapError(Exception):
    """Raised by `apply` when a message does not join on to what is known: catch up first."""


class Follower:
    """Applies one stream to a model in memory, after the model caught up with its owner.

    `catch_up` fetches from the owner whatever the model lacks; it is called at the start, when
    the stream no longer holds what comes next (lost, emptied, made anew), after `GapError`, and
    after a message that cannot be applied at all, which is passed over.
    Messages stored while it ran are applied afterwards, so `apply` must ignore what it knows.
    A model restored from a snapshot passes the `position` kept in it and skips the first call.
    `rest` waits for so many seconds before it catches up because of a message like that.
    """

    def __init__(
        self,
        bus: Bus,
        stream: Stream,
        *,
        name: str,
        apply: Callable[[Message], None],
        catch_up: Callable[[], Awaitable[None]],
        position: int | None = None,
        subjects: Sequence[str] = (),
        rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.position = position
        """Sequence of the last message applied."""
        self.lag_s = 0.0
        self.ready = asyncio.Event()
        """Set once the model has caught up for the first time."""
        self._bus = bus
        self._stream = stream
        self._name = name
        self._apply = apply
        self._catch_up = catch_up
        self._subjects = tuple(subjects)
        self._rest = rest
        self._created_us: int | None = None
        self._stale = False
        self._poison_pause_s = _FIRST_PAUSE_S
        self._poisoned_at = -_LONGEST_PAUSE_AFTER_POISON_S

    async def run(self) -> None:
        """Follow for ever; a background task of the service."""
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self._follow()
            except GapError:
                log.info("gap_found", follower=self._name, position=self.position)
                self._stale = True
            except TouchpointError as error:
                log.warning("follower_paused", follower=self._name, reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:  # only poison ends it without an error
                pause_s = _FIRST_PAUSE_S
                await self._rest_after_poison()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until the model has caught up for the first time: for health."""
        if not self.ready.is_set():
            raise Unavailable(f"{self._name} has not caught up yet", reason="NOT_READY")

    async def check_lag(self) -> None:
        """Raise `Unavailable` until then and while the model lags: for health to watch."""
        await self.check_ready()
        if self.lag_s > _LAG_ALARM_S:
            raise Unavailable(f"{self._name} lags {self.lag_s:.0f} s behind", reason="BUS_LAGS")

    async def _follow(self) -> None:
        state = await self._bus.state(self._stream)
        if self._needs_catching_up(state):
            await self._catch_up()
            self.position = state.last
            self._stale = False
        self._created_us = state.created_us
        self.ready.set()
        assert self.position is not None
        subscription = await self._bus.follow(
            self._stream, self._name, self.position, self._subjects
        )
        try:
            await self._apply_from(subscription)
        finally:
            await subscription.close()

    async def _rest_after_poison(self) -> None:
        """Pause before catching up, the longer the more often it is needed."""
        now = time.monotonic()
        if now - self._poisoned_at >= 2 * _LONGEST_PAUSE_AFTER_POISON_S:
            self._poison_pause_s = _FIRST_PAUSE_S
        self._poisoned_at = now
        await self._rest(self._poison_pause_s)
        self._poison_pause_s = min(self._poison_pause_s * 4, _LONGEST_PAUSE_AFTER_POISON_S)

    def _needs_catching_up(self, state: StreamState) -> bool:
        return (
            self._stale
            or self.position is None
            or self._created_us not in (None, state.created_us)
            or not state.first - 1 <= self.position <= state.last
        )

    async def _apply_from(self, subscription: Subscription) -> None:
        """Apply until the subscription has to be made anew."""
        while not self._stale:
            messages = await subscription.next_batch(_BATCH, _WAIT_S)
            await self._apply_in_slices(messages)
            self.lag_s = max(0.0, time.time() - messages[-1].stored_us / 1e6) if messages else 0.0

    async def _apply_in_slices(self, messages: Sequence[Message]) -> None:
        slice_ends = time.monotonic() + SLICE_S
        for message in messages:
            try:
                self._apply(message)
            except (GapError, TouchpointError):
                raise
            except Exception as error:  # poison: its owner tells the same facts another way
                place = f"{self._stream.name}:{message.sequence}"
                log.error("message_not_applied", follower=self._name, at=place, exc_info=error)
                self._stale = True
            self.position = message.sequence
            if time.monotonic() >= slice_ends:
                await asyncio.sleep(0)
                slice_ends = time.monotonic() + SLICE_S

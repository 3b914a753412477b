"""A read model in memory: fetched from its owner, followed on the bus, compared every 2 seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from shared.bus.follower import Follower
from shared.bus.message import Message
from shared.bus.port import Bus
from shared.bus.subjects import Stream
from shared.errors import TouchpointError
from shared.logging import get_logger

COMPARE_S = 2.0
log = get_logger(__name__)


class ReadModel:
    """Keeps a model equal to its owner's state.

    `catch_up` asks the owner for everything after the model's own version and applies it; called
    at the start, on a gap and when behind. `is_behind` compares versions with the owner; called
    after a reconnect and every 2 seconds, so it must cost little. `apply` takes one bus message,
    ignores what is known and raises `GapError` when something before it is missing. None needs a
    lock: both apply without awaiting in between.
    """

    def __init__(
        self,
        bus: Bus,
        stream: Stream,
        *,
        name: str,
        apply: Callable[[Message], None],
        catch_up: Callable[[], Awaitable[None]],
        is_behind: Callable[[], Awaitable[bool]],
    ) -> None:
        self._name = name
        self._is_behind = is_behind
        self._catch_up = catch_up
        self._follower = Follower(bus, stream, name=name, apply=apply, catch_up=catch_up)
        self._look_now = asyncio.Event()
        bus.on_reconnect(self._look_now.set)

    async def ready(self) -> None:
        """Return once the model has caught up."""
        await self._follower.ready.wait()

    async def check_ready(self) -> None:
        """Raise `Unavailable` until ready, and never again: for health."""
        await self._follower.check_ready()

    async def check_lag(self) -> None:
        """Raise `Unavailable` until ready and while it lags: for health to watch."""
        await self._follower.check_lag()

    async def run(self) -> None:
        """Follow and compare for ever; a background task of the service."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follower.run())
            tasks.create_task(self._compare_for_ever())

    async def _compare_for_ever(self) -> None:
        await self.ready()
        while True:
            await self._pause()
            try:
                if await self._is_behind():
                    await self._catch_up()
            except TouchpointError as error:
                log.warning("comparison_failed", model=self._name, reason=error.reason)

    async def _pause(self) -> None:
        self._look_now.clear()
        try:
            async with asyncio.timeout(COMPARE_S):
                await self._look_now.wait()
        except TimeoutError:
            return

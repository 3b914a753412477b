"""Several services in one process, calling one another without a wire, each still on its ports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.config import ServiceSettings
from shared.hosting import Hosted, Settle, forever, hosted, nothing
from shared.runtime import Channels, Openers
from shared.service import OpenService
from shared.transport.direct import DirectChannel


@dataclass(frozen=True, slots=True)
class Part:
    """One service to be hosted, with its settings."""

    settings: ServiceSettings
    open_service: OpenService[Any]


@asynccontextmanager
async def colocated(
    parts: Sequence[Part], openers: Openers, settle: Settle = nothing
) -> AsyncIterator[dict[str, Hosted]]:
    """Host all parts within the context, opening them at once because they need one another.

    They are drained one after the other, the last of `parts` first: give the edge last. What a
    part raises while it opens is raised here. `settle` is called for each part once it is warm.
    """
    direct = {part.settings.service: DirectChannel() for part in parts}
    channels = Channels(direct=dict(direct))
    hosts = [
        _Host(part, openers, channels, direct[part.settings.service], settle) for part in parts
    ]
    try:
        await _all_opened(hosts)
        yield {host.part.settings.service: host.opened.result() for host in hosts}
    finally:
        for host in reversed(hosts):
            await host.stop()
        await channels.close()


async def _all_opened(hosts: Sequence[_Host]) -> None:
    """Wait until every part is served; raises what the first failing one raised."""
    waiting: set[asyncio.Future[Any]] = {host.opened for host in hosts}
    ended: set[asyncio.Future[Any]] = {host.task for host in hosts}
    while waiting:
        done, _ = await asyncio.wait(waiting | ended, return_when=asyncio.FIRST_COMPLETED)
        for task in done & ended:
            task.result()
        waiting -= done


@dataclass(slots=True)
class _Host:
    """Keeps one part open in a task of its own, so that it is closed where it was opened."""

    part: Part
    openers: Openers
    channels: Channels
    direct: DirectChannel
    settle: Settle
    opened: asyncio.Future[Hosted] = field(default_factory=asyncio.Future)
    task: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self.task = asyncio.create_task(self._run(), name=self.part.settings.service)

    async def _run(self) -> None:
        part = self.part
        opening = hosted(
            part.settings,
            part.open_service,
            self.openers,
            self.channels,
            self.direct,
            self.settle,
        )
        async with opening as found:
            self.opened.set_result(found)
            await forever()

    async def stop(self) -> None:
        """Drain and close, or give up what is still opening."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

"""Background jobs for the length of a test, and waiting for what they bring about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

_LOOK_EVERY_S = 0.01


class Job(Protocol):
    """Something that runs for ever, such as a relay or a consumer."""

    async def run(self) -> None: ...


@asynccontextmanager
async def running(*jobs: Job) -> AsyncIterator[None]:
    """Run jobs until the end of the block."""
    tasks = [asyncio.ensure_future(job.run()) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool] | bool], timeout_s: float = 20.0) -> None:
    """Return as soon as the condition holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(timeout_s):
        while True:
            outcome = condition()
            if outcome if isinstance(outcome, bool) else await outcome:
                return
            await asyncio.sleep(_LOOK_EVERY_S)

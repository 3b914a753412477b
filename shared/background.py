"""Work that runs for as long as its service, begun again with backoff when it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from shared.logging import get_logger
from shared.service import Background

log = get_logger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0


async def keep_running(name: str, work: Background) -> None:
    """Run a piece of work for ever; what it raises is logged, and only cancelling ends it."""
    pause_s = FIRST_PAUSE_S
    while True:
        began = time.monotonic()
        try:
            await work()
        except Exception as error:
            log.error("background_failed", work=name, retry_in_s=pause_s, exc_info=error)
        else:
            log.warning("background_ended", work=name, retry_in_s=pause_s)
        if time.monotonic() - began > LONGEST_PAUSE_S:
            pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


@asynccontextmanager
async def running(works: Mapping[str, Background]) -> AsyncIterator[None]:
    """Keep all of the works running within the context, and end them with it."""
    tasks = [
        asyncio.create_task(keep_running(name, work), name=name) for name, work in works.items()
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

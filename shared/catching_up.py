"""Reads another service's log to its end, for what the bus kept no longer: at the start and again.

What the bus tells meanwhile is the same facts; both may come twice and in any order. So this mends
what the bus lost of what a log is read for, without anybody noticing that it did.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from shared.errors import TouchpointError
from shared.logging import get_logger
from shared.postgres import Database
from shared.service import Background

AGAIN_S = 60.0
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
log = get_logger(__name__)


async def keep_caught_up(
    database: Database,
    owner: str,
    catch_up: Background,
    soon: asyncio.Event | None = None,
    name: str = "catching_up",
) -> None:
    """Catch up with an owner every minute for ever, while this replica leads; a background task.

    `catch_up` reads from where it was left and raises the kit's errors when it cannot. Whoever
    knows of something new sets `soon`; then nobody waits for the minute to pass. A service that
    does several such things has a `name` for each.
    """
    awaited = soon or asyncio.Event()

    async def catch_up_for_ever() -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            awaited.clear()
            try:
                await catch_up()
            except TouchpointError as error:
                log.info("log_not_read", owner=owner, reason=error.reason)
                await asyncio.sleep(pause_s)
                pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            else:
                pause_s = _FIRST_PAUSE_S
                with suppress(TimeoutError):
                    await asyncio.wait_for(awaited.wait(), AGAIN_S)

    await database.leadership.lead(name, catch_up_for_ever)

"""Waiting for a call without a hold on it."""

from __future__ import annotations

import asyncio
from typing import Any


async def ended(outgoing: Any) -> None:
    """Wait until a call has ended, well or not.

    If the awaiting task is cancelled the call is not: a cancelled call leaks (grpc#43360), so it
    is left to its native timeout.
    """
    finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def finish(_: object) -> None:
        if not finished.done():
            finished.set_result(None)

    outgoing.add_done_callback(finish)
    await finished

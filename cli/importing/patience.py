"""Says it again to a service that is busy, restarting, or lost a race."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import grpc
import grpc.aio

BUSY_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""A service that has too much to do refuses at once; an import can wait, and say it again."""
_PASSING = {
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
}

Answer = TypeVar("Answer")


async def repeated(
    attempt: Callable[[], Awaitable[Answer]], pauses_s: Sequence[float] = BUSY_PAUSES_S
) -> Answer:
    """Attempt again, while that may help, what may be repeated without harm."""
    for pause_s in pauses_s:
        try:
            return await attempt()
        except grpc.aio.AioRpcError as error:
            if error.code() not in _PASSING:
                raise
        await asyncio.sleep(pause_s)
    return await attempt()

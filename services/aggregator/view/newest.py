"""Reads a stream at the reader's pace: what came in between gives way to what came last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def newest(stream: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield the last item that came since the one before; ends, or raises, as the stream does."""
    latest: list[T] = []
    came, has_ended = asyncio.Event(), False

    async def read() -> None:
        nonlocal has_ended
        try:
            async for item in stream:
                latest[:] = [item]
                came.set()
        finally:
            has_ended = True
            came.set()

    reading = asyncio.create_task(read())
    try:
        while latest or not has_ended:
            if latest:
                yield latest.pop()
            else:
                came.clear()
                await came.wait()
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

"""Reads a stream at the reader's pace: what came in between gives way to what came last."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar("T")


async def newest(stream: AsyncIterator[T]) -> AsyncIterator[T]:
    """Yield the last item that came since the one before; ends, or raises, as the stream does."""
    latest: list[T] = []
    came = asyncio.Event()

    async def read() -> None:
        try:
            async for item in stream:
                latest[:] = [item]
                came.set()
        finally:
            came.set()

    reading = asyncio.create_task(read())
    try:
        while True:
            await came.wait()
            came.clear()
            if latest:
                yield latest.pop()
            elif reading.done():
                break
        await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)

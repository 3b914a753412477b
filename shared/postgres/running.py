"""A statement on its way, which whoever waits for it may leave without cancelling it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import partial
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")


class Running(Generic[Answer]):
    """Runs the driver's coroutine within the task of whoever waits for it.

    A task of its own behind `asyncio.shield` would do the same, at three more turns of the loop: a
    fifth of what a statement costs us in all.
    """

    __slots__ = ("_awaited", "_statement")

    def __init__(self, statement: Coroutine[Any, Any, Answer]) -> None:
        self._statement = statement
        self._awaited: asyncio.Future[Any] | None = None
        """What the driver waits for."""

    async def to_its_end(self) -> Answer:
        """Return the answer; whoever was cancelled may call it again, and it goes on."""
        while True:
            if self._awaited is not None:
                await _end_of(self._awaited)
            try:
                self._awaited = self._statement.send(None)
            except StopIteration as ended:
                answer: Answer = ended.value
                return answer


async def _end_of(awaited: asyncio.Future[Any]) -> None:
    """Wait until a future is done, however; it is not cancelled with whoever waits."""
    awaited._asyncio_future_blocking = False  # as its task tells a future that it was received
    ended = awaited.get_loop().create_future()
    awaited.add_done_callback(partial(_wake, ended))
    await ended


def _wake(waiter: asyncio.Future[None], _: asyncio.Future[Any]) -> None:
    if not waiter.done():
        waiter.set_result(None)

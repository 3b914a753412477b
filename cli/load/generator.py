"""Sends requests when they are due, whatever has become of those before."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Generic, TypeVar

import grpc.aio

from cli.load.outcome import Fate, InvalidAnswerError, Outcome, Summary, summarise

Request = TypeVar("Request")
Send = Callable[[Request], Awaitable[str]]
"""Sends one request and returns the services that were degraded in its answer, "" for none."""
OnProgress = Callable[[float], None]
"""Told how many seconds of the run have been sent."""
Enough = Callable[[Outcome], bool]
"""Told of every outcome; True ends the run early."""
_LATE_S = 0.01


async def drive(
    send: Send[Request],
    requests: Iterator[Request],
    due: Iterable[float],
    on_progress: OnProgress | None = None,
    enough: Enough | None = None,
) -> Summary:
    """Send each request at its instant (seconds after now) and wait for the last answer.

    Raises whatever `send` raises but for the statuses of gRPC and InvalidAnswerError, which are
    outcomes.
    """
    run = _Run(send, enough)
    start = time.perf_counter()
    for at in due:
        await _until(start + at)
        if run.ended:
            break
        run.begin(next(requests), start + at)
        if on_progress is not None:
            on_progress(at)
    outcomes = await run.finish()
    return summarise(outcomes, time.perf_counter() - start, run.late)


async def _until(due: float) -> None:
    """Wait for an instant; one that has passed still lets answers be received."""
    await asyncio.sleep(max(0.0, due - time.perf_counter()))


class _Run(Generic[Request]):
    def __init__(self, send: Send[Request], enough: Enough | None) -> None:
        self._send = send
        self._enough = enough
        self._tasks: list[asyncio.Task[Outcome]] = []
        self.ended = False
        self.late = 0

    def begin(self, request: Request, due: float) -> None:
        self.late += time.perf_counter() - due > _LATE_S
        self._tasks.append(asyncio.create_task(self._one(request, due)))

    async def finish(self) -> list[Outcome]:
        try:
            return await asyncio.gather(*self._tasks)
        finally:
            for task in self._tasks:
                task.cancel()

    async def _one(self, request: Request, due: float) -> Outcome:
        outcome = await self._sent(request, due)
        if self._enough is not None and self._enough(outcome):
            self.ended = True
        return outcome

    async def _sent(self, request: Request, due: float) -> Outcome:
        try:
            degraded = await self._send(request)
        except grpc.aio.AioRpcError as error:
            return Outcome(Fate.FAILED, time.perf_counter() - due, error.code().name)
        except InvalidAnswerError as error:
            return Outcome(Fate.FAILED, time.perf_counter() - due, str(error))
        fate = Fate.DEGRADED if degraded else Fate.ANSWERED
        return Outcome(fate, time.perf_counter() - due, degraded)

"""Time that several stories share: it moves on when all of them wait, to what comes next."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

Move = Callable[[timedelta], Awaitable[timedelta]]
"""Moves the suite's time on and returns how far ahead it is then."""


class Calendar:
    """Stories that last weeks are played at the same time: together they last no longer than one.

    Each waits by `passes`. While any of them does something, time stands still for all.
    """

    def __init__(self, move: Move, ahead: timedelta) -> None:
        self._move = move
        self._ahead = ahead
        self._awake = 0
        self._waiting: list[tuple[timedelta, int, asyncio.Future[timedelta]]] = []
        self._numbers = itertools.count()
        self._moving: set[asyncio.Future[None]] = set()

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Count as somebody for whom time waits; all who take part must have begun to."""
        self._awake += 1
        try:
            yield
        finally:
            self._awake -= 1
            self._wake_soon()

    async def passes(self, by: timedelta) -> timedelta:
        """Wait until so much time has passed; returns how far ahead the suite's time is then.

        Raises what moving it raised.
        """
        woken: asyncio.Future[timedelta] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (self._ahead + by, next(self._numbers), woken))
        self._awake -= 1
        self._wake_soon()
        try:
            return await woken
        finally:
            self._awake += 1

    def _wake_soon(self) -> None:
        """Move on in a moment, if all wait by then: whoever was woken may still have to get up."""
        if not self._awake and self._waiting:
            moving = asyncio.ensure_future(self._move_on())
            self._moving.add(moving)
            moving.add_done_callback(self._moving.discard)

    async def _move_on(self) -> None:
        if self._awake or not self._waiting:
            return
        until, _, _ = self._waiting[0]
        self._awake += 1
        try:
            moved = await self._move(max(until - self._ahead, timedelta()))
            # What it is told to be is late by the way of the answer.
            self._ahead = max(moved, until)
        except Exception as error:  # told to each who waits for it
            for woken in self._woken(everybody=True):
                woken.set_exception(error)
        else:
            for woken in self._woken():
                woken.set_result(self._ahead)
        finally:
            self._awake -= 1

    def _woken(self, *, everybody: bool = False) -> Iterator[asyncio.Future[timedelta]]:
        """Yield those whose time has come, and wait for them no more."""
        while self._waiting and (everybody or self._waiting[0][0] <= self._ahead):
            _, _, woken = heapq.heappop(self._waiting)
            if not woken.done():
                yield woken

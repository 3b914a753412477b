"""Runs until it is asked to stop, by Ctrl-C, SIGTERM or the end of the terminal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_asked_to_stop(
    work: Coroutine[Any, Any, None], on_asked: Callable[[], None] = lambda: None
) -> None:
    """Do the work until it ends or a first signal unwinds it; later signals hurry nothing.

    `on_asked` is told of the first signal.
    """
    task = asyncio.create_task(work)
    asked = False

    def stop() -> None:
        nonlocal asked
        if not asked:
            asked = True
            on_asked()
            task.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise

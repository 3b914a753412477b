"""Asks again what was refused because too much is asked, as callers do who are in no hurry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc
import grpc.aio

from touchpoint.client.errors import call_error

Answer = TypeVar("Answer")

_LEAST_S = 0.05


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Ask until it is not refused, as late as one is told; raises every other failure."""
    while True:
        try:
            return await ask()
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            after_s = call_error(error).retry_after_s or 0.0
        await asyncio.sleep(max(after_s, _LEAST_S))

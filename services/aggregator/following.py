"""Reads a stream of a service behind the edge on, where the replica that sends it goes away."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TypeVar

import grpc.aio

from shared.call import Call
from shared.client import follow
from shared.errors import Unavailable
from shared.logging import get_logger

log = get_logger(__name__)

WAITS_S = (0.1, 0.2, 0.4, 0.8, 1.6)
"""Before each try to read on, and up to half as much again: not all who watch come back at once."""
OPENED_S = 1.0
"""A stream that lasted so long was opened, though nothing was to be told on it."""

Request = TypeVar("Request")
Response = TypeVar("Response")


async def follow_on(
    rpc: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, call: Call
) -> AsyncGenerator[Response, None]:
    """Read a peer's stream like `follow`, and from another replica when one is restarted.

    It begins anew there, so that what stood before may come again. Raises Unavailable where none
    takes the stream, at once if none ever did, else after some three seconds.
    """
    tried = len(WAITS_S)
    while True:
        began = time.monotonic()
        try:
            async with aclosing(follow(rpc, request, call)) as responses:
                async for response in responses:
                    tried = 0
                    yield response
            return
        except Unavailable:
            if time.monotonic() - began >= OPENED_S:
                tried = 0
            if tried == len(WAITS_S):
                raise
        log.info("stream_followed_on", method=call.method)
        await asyncio.sleep(WAITS_S[tried] * (1.0 + random.random() / 2.0))  # noqa: S311 no secret
        tried += 1

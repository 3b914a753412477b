"""What hostile peers do, each until it is cancelled; a peer that is cut off comes again."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import resource
import struct
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack

from tests.fuzzing.wire import nested
from tests.resilience.hostile.frames import (
    PING,
    SETTINGS,
    call,
    connection,
    data,
    frame,
    message,
    reset,
    written,
)
from touchpoint.aggregator.v1.aggregator_service_pb2 import TrackRequest

_EDGE = "/touchpoint.aggregator.v1.AggregatorService/"
RECOMMEND, TRACK, WATCH = _EDGE + "Recommend", _EDGE + "Track", _EDGE + "WatchTasks"
MIB = 1 << 20
_BATCH = 100
_LAST_STREAM = 1 << 30
_AGAIN_S = 0.05
_WAIT_S = 3600.0

Attack = Callable[[str], Awaitable[None]]


def _large(payload: bytes, *headers: tuple[str, str]) -> Attack:
    """Send one request again and again."""

    async def send(address: str) -> None:
        async with connection(address) as writer:
            for stream in range(1, _LAST_STREAM, 2):
                frames = [call(stream, TRACK, *headers), data(stream, payload, ends=True)]
                await written(writer, frames)
                await asyncio.sleep(_AGAIN_S)

    return _again(send)


def _again(attack: Attack) -> Attack:
    async def go_on(address: str) -> None:
        while True:
            with contextlib.suppress(OSError):
                await attack(address)
            await asyncio.sleep(_AGAIN_S)

    return go_on


def _connections(count: int) -> Attack:
    """Open so many connections and say nothing on any."""

    async def hold(address: str) -> None:
        host, _, port = address.rpartition(":")
        held: list[asyncio.StreamWriter] = []
        try:
            for _ in range(count):
                with contextlib.suppress(OSError):
                    held.append((await asyncio.open_connection(host, int(port)))[1])
            await asyncio.sleep(_WAIT_S)
        finally:
            for writer in held:
                writer.transport.abort()

    return hold


async def _half_messages(address: str) -> None:
    """Begin a hundred calls on each of twenty connections, and end none."""
    async with AsyncExitStack() as stack:
        for _ in range(20):
            writer = await stack.enter_async_context(connection(address))
            half = message(b"x" * 10, length=60_000)
            calls = [call(s, RECOMMEND) + data(s, half) for s in range(1, 200, 2)]
            await written(writer, calls)
        await asyncio.sleep(_WAIT_S)


async def _never_reads(address: str) -> None:
    """Watch, a hundred times, and allow nothing to be sent."""
    async with connection(address, window=0) as writer:
        asked = message(b"\n\x02a1")
        await written(
            writer, [call(s, WATCH) + data(s, asked, ends=True) for s in range(1, 200, 2)]
        )
        await asyncio.sleep(_WAIT_S)


async def _rapid_reset(address: str) -> None:
    async with connection(address) as writer:
        for first in range(1, _LAST_STREAM, 2 * _BATCH):
            streams = range(first, first + 2 * _BATCH, 2)
            await written(writer, [call(s, RECOMMEND) + reset(s) for s in streams])
            await asyncio.sleep(_BATCH / 20_000)


def _flood(one: bytes) -> Attack:
    async def send(address: str) -> None:
        async with connection(address) as writer:
            while True:
                await written(writer, [one] * _BATCH)
                await asyncio.sleep(_BATCH / 20_000)

    return _again(send)


def most_connections() -> int:
    """Return ten thousand, or as many files as this process may open, but for some."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(10_000, soft - 200)


ATTACKS: Mapping[str, Attack] = {
    "oversized": _large(message(b"x" * 5 * MIB)),
    "gzip_bomb": _large(
        message(gzip.compress(bytes(256 * MIB)), compressed=True), ("grpc-encoding", "gzip")
    ),
    "empty_messages": _large(message(b"\n\x00" * 2_000_000)),
    "metadata_20k": _large(message(b""), ("x-long", "x" * 20_480)),
    "nested_10000": _large(message(nested(TrackRequest.DESCRIPTOR))),
    "silent_500": _connections(500),
    "half_messages": _again(_half_messages),
    "never_reads": _again(_never_reads),
    "rapid_reset": _again(_rapid_reset),
    "ping_flood": _flood(frame(PING, 0, 0, bytes(8))),
    "settings_flood": _flood(frame(SETTINGS, 0, 0, struct.pack(">HI", 3, 100))),
    "connections_10000": _connections(most_connections()),
}

"""Runs the floor: six processes like those of the suite."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import cycle

import grpc.aio

from bench.floor import EDGE, SERVICES, Rpc
from bench.processes import ProcessTree
from bench.subject import DEADLINE_S, Subject

Sizes = Mapping[str, Sequence[tuple[int, int]]]
"""By rpc: bytes of request and answer, one pair for each time it was called."""
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Floor:
    """The running floor."""

    subject: Subject[bytes]
    pids: Mapping[str, int]
    """By the service that a process stands for."""


@asynccontextmanager
async def floor(sizes: Sizes) -> AsyncIterator[Floor]:
    """Run the floor on recorded sizes within the context."""
    async with AsyncExitStack() as stack:
        leaves = {
            service: await stack.enter_async_context(_process(sizes, {}))
            for service in sorted(set(SERVICES.values()))
        }
        targets = {service: address for service, (_, address) in leaves.items()}
        edge_pid, edge = await stack.enter_async_context(_process(sizes, targets))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(edge))
        rpc: Rpc = channel.unary_unary(f"/floor/{EDGE}")

        async def send(request: bytes) -> str:
            await rpc(request, timeout=DEADLINE_S)
            return ""

        pids = {"aggregator": edge_pid, **{service: pid for service, (pid, _) in leaves.items()}}
        tree = ProcessTree.of(list(pids.values()))
        yield Floor(Subject("the floor", send, _requests(sizes), tree), pids)


def _requests(sizes: Sizes) -> Iterator[bytes]:
    return (bytes(request) for request, _ in cycle(sizes[EDGE]))


@asynccontextmanager
async def _process(sizes: Sizes, targets: Mapping[str, str]) -> AsyncIterator[tuple[int, str]]:
    """Run one process of the floor; lends its pid and its address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.floor", json.dumps(sizes), json.dumps(targets)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        port = int(await process.stdout.readline())
        yield process.pid, f"127.0.0.1:{port}"
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), _STOP_S)

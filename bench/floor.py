"""The floor: the call graph of a recommendation with nothing in it.

Six processes, raw bytes of the recorded sizes, generic handlers: no protobuf, storage, middleware.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import grpc
import grpc.aio
import uvloop

STAGES = (("GetSnapshot",), ("GetDue", "Retrieve"), ("Check",), ("Rank",), ("Commit",))
"""One after the other; those of a stage at once."""
SERVICES = {
    "GetSnapshot": "profile",
    "GetDue": "scenario",
    "Retrieve": "retrieval",
    "Check": "rules",
    "Rank": "ranker",
    "Commit": "rules",
}
EDGE = "Recommend"
Behaviour = Callable[[bytes, Any], Awaitable[bytes]]
Rpc = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


class Handlers(grpc.GenericRpcHandler):
    """Raw bytes in, raw bytes out."""

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        raw = grpc.unary_unary_rpc_method_handler
        self._rpcs: dict[str, Any] = {f"/floor/{rpc}": raw(behaviours[rpc]) for rpc in behaviours}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._rpcs.get(details.method)


def leaf(sizes: Iterator[list[int]]) -> Behaviour:
    async def answer(_request: bytes, _context: Any) -> bytes:
        return bytes(next(sizes)[1])

    return answer


def edge(sizes: Mapping[str, Iterator[list[int]]], targets: Mapping[str, str]) -> Behaviour:
    channels = {service: grpc.aio.insecure_channel(targets[service]) for service in targets}
    rpcs: dict[str, Rpc] = {
        name: channels[service].unary_unary(f"/floor/{name}") for name, service in SERVICES.items()
    }

    async def answer(_request: bytes, _context: Any) -> bytes:
        for stage in STAGES:
            await asyncio.gather(*(rpcs[name](bytes(next(sizes[name])[0])) for name in stage))
        return bytes(next(sizes[EDGE])[1])

    return answer


async def serve(recorded: Mapping[str, list[list[int]]], targets: Mapping[str, str]) -> None:
    """Serve the edge where targets are given, else a leaf, until standard input ends."""
    sizes = {name: itertools.cycle(pairs) for name, pairs in recorded.items()}
    leaves = {name: leaf(sizes[name]) for name in SERVICES}
    behaviours = {EDGE: edge(sizes, targets)} if targets else leaves
    server = grpc.aio.server(handlers=[Handlers(behaviours)])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve(*map(json.loads, sys.argv[1:])))

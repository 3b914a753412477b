"""A process that stands for a replica of rules, and keeps a share of its callers waiting."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1.health import aio

from shared.client import service_name
from shared.transport.options import MIB, server_options
from touchpoint.rules.v1.rules_service_pb2 import CheckResponse, CommitResponse

SERVICE = service_name("rules")
"""Its `Check` may be asked twice, its `Commit` may not."""
_READY_S = 20.0


@dataclass(frozen=True, slots=True)
class StallingReplica:
    """Where it is reached, and its process."""

    address: str
    process: asyncio.subprocess.Process


@asynccontextmanager
async def stalling_replica(
    share: float = 0.0, stall_s: float = 0.0, seed: int = 0
) -> AsyncIterator[StallingReplica]:
    """Run one within the context; a share of its calls takes so many seconds longer."""
    command = (sys.executable, "-m", __spec__.name, str(share), str(stall_s), str(seed))
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_READY_S):
            port = int(await process.stdout.readline())
        yield StallingReplica(f"127.0.0.1:{port}", process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _serve(share: float, stall_s: float, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 whom it keeps waiting, no secret

    def answering(answer: bytes) -> grpc.RpcMethodHandler[Any, Any]:
        async def handle(request: bytes, context: object) -> bytes:
            if chance.random() < share:
                await asyncio.sleep(stall_s)
            return answer

        return grpc.unary_unary_rpc_method_handler(handle)

    handlers = {
        "Check": answering(CheckResponse().SerializeToString()),
        "Commit": answering(CommitResponse().SerializeToString()),
    }
    health = aio.HealthServicer()
    await health.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
    server = grpc.aio.server(options=server_options(MIB))
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    # Whoever started it holds the other end: when they are gone, so is this.
    await asyncio.to_thread(sys.stdin.read)
    await server.stop(None)


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("share", type=float)
    parser.add_argument("stall_s", type=float)
    parser.add_argument("seed", type=int)
    told = parser.parse_args()
    asyncio.run(_serve(told.share, told.stall_s, told.seed))


if __name__ == "__main__":
    main()

"""Waits until services say that they serve."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from cli.channels import credentials, options_for
from cli.suite.topology import Replica
from shared.client import service_name

_PAUSE_S = 0.05
"""After an attempt to reach who does not listen yet."""
_ANSWER_S = 1.0
_OPTIONS = (
    # A service that is still starting refuses connections; ask again at once, not after a second.
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
)


async def until_all_serve(replicas: Iterable[Replica]) -> None:
    """Return once every one of the replicas says that it serves; the caller bounds the wait."""
    await asyncio.gather(*(_until_serving(replica) for replica in replicas))


async def _until_serving(replica: Replica) -> None:
    """Have it tell when it serves: to ask again and again is work for both, as they start."""
    request = health_pb2.HealthCheckRequest(service=service_name(replica.service))
    async with _channel(replica.address) as channel:
        while True:
            with contextlib.suppress(grpc.aio.AioRpcError):
                async for told in health_pb2_grpc.HealthStub(channel).Watch(request):
                    if told.status == health_pb2.HealthCheckResponse.SERVING:
                        return
            await asyncio.sleep(_PAUSE_S)


async def serves(channel: grpc.aio.Channel, service: str) -> bool:
    """Ask a service once whether it serves; False also when nobody answers."""
    request = health_pb2.HealthCheckRequest(service=service_name(service))
    try:
        answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=_ANSWER_S)
    except grpc.aio.AioRpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def _channel(address: str) -> grpc.aio.Channel:
    tls = credentials()
    if tls is None:
        return grpc.aio.insecure_channel(address, options=_OPTIONS)
    return grpc.aio.secure_channel(address, tls, options=options_for(address, _OPTIONS))

"""A hosted service as its callers see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from shared.setting_types import Listen
from tests.grpc.kit.echo import pb

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
ECHO = "touchpoint.test.v1.EchoService"
RULES = "touchpoint.rules.v1.RulesService"


@asynccontextmanager
async def channel_to(address: Listen) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(str(address)) as channel:
        yield channel


async def health_of(address: Listen, service: str = "") -> int:
    async with channel_to(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        answer = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
        return int(answer.status)


async def ask(stub: Any) -> Any:
    return await stub.Say(pb.SayRequest(text="x"), timeout=5)

"""A whole process with a service that needs nothing, for the tests of shared.server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.server import run
from shared.service import HttpFace, Runtime, Service
from shared.setting_types import Listen
from tests.grpc.kit.echo import EchoServicer, echo_binding
from tests.grpc.kit.hosting_kit import RulesSettings


@asynccontextmanager
async def open_service(settings: RulesSettings, runtime: Runtime) -> AsyncIterator[Service]:
    binding = echo_binding(EchoServicer())
    yield Service("rules", (binding,), http=HttpFace(Listen("127.0.0.1", 0), (binding,)))


if __name__ == "__main__":
    run(RulesSettings, open_service)

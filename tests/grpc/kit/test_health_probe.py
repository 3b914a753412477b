"""The probe of a container tells a server that serves from one that does not, and from nobody."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager

import grpc.aio
import pytest
from grpc_health.v1 import health_pb2_grpc

from shared.config import WELL_KNOWN_PORTS
from shared.health import Health
from shared.health_probe import SERVES, SERVES_NOT, USAGE, address_of, main
from shared.processes.ports import private_port


async def nothing_to_wait_for() -> None:
    return


async def never_there() -> None:
    raise OSError("is not there")


@asynccontextmanager
async def server(check):
    """Serve the health of a service with one dependency; lends the port."""
    health = Health("rules")
    await health.begin()
    health.depend({"engine": check}, {})
    await health.ask_all()
    listening = grpc.aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, listening)
    port = listening.add_insecure_port("127.0.0.1:0")
    await listening.start()
    yield port
    await listening.stop(None)


async def probed(port: int) -> tuple[int, str]:
    """Run the probe as a container runs it, told where the service listens."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shared.health_probe", "rules"),
        env=os.environ | {"TOUCHPOINT_RULES_LISTEN": f"0.0.0.0:{port}"},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_a_server_that_serves_is_well():
    async with server(nothing_to_wait_for) as port:
        assert await probed(port) == (SERVES, "")


async def test_a_server_that_waits_for_something_is_not_well():
    async with server(never_there) as port:
        assert await probed(port) == (SERVES_NOT, f"127.0.0.1:{port} says NOT_SERVING\n")


async def test_where_nobody_listens_nothing_is_well():
    port = private_port()
    status, said = await probed(port)
    assert status == SERVES_NOT
    assert f"127.0.0.1:{port} does not answer" in said


@pytest.mark.parametrize("arguments", [[], ["cashier"], ["rules", "ranker"]])
def test_a_service_that_there_is_not_is_a_wrong_use(arguments, capsys):
    assert main(arguments, {}) == USAGE
    assert "rules" in capsys.readouterr().err


@pytest.mark.parametrize("service", WELL_KNOWN_PORTS)
def test_a_service_told_nothing_is_asked_at_its_well_known_port(service):
    assert str(address_of(service, {})) == f"127.0.0.1:{WELL_KNOWN_PORTS[service]}"


def test_a_service_that_listens_everywhere_is_asked_on_loopback():
    assert str(address_of("ranker", {"TOUCHPOINT_RANKER_LISTEN": "[::]:7404"})) == "::1:7404"

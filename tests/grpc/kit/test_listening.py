"""A port is taken once, and one that is not free is named."""

from __future__ import annotations

import json
import socket
from io import StringIO

import grpc
import grpc.aio
import pytest

from shared.setting_types import Listen
from shared.transport.listening import PortTakenError, take_grpc_port, take_socket
from shared.transport.options import server_options


async def test_a_taken_port_that_was_asked_for_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        wanted = Listen("127.0.0.1", other.getsockname()[1])
        server = grpc.aio.server(options=server_options(65536))
        with pytest.raises(PortTakenError, match=str(wanted.port)):
            take_grpc_port(server, wanted)
        with pytest.raises(PortTakenError, match=str(wanted.port)):
            take_socket(wanted)


async def test_a_taken_default_port_gives_way_to_the_next_free_one_and_is_named(
    log_lines: StringIO,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        wanted = Listen("127.0.0.1", other.getsockname()[1], is_default=True)
        server = grpc.aio.server(options=server_options(65536))
        bound = take_grpc_port(server, wanted)
        taken, listening = take_socket(wanted)
        taken.close()
        await server.start()
        await server.stop(None)
    assert bound.port > wanted.port
    assert listening.port > wanted.port
    lines = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    assert [(line["event"], line["wanted"]) for line in lines] == [("port_taken", wanted.port)] * 2


async def test_a_second_server_cannot_take_the_same_port_unnoticed() -> None:
    first, second = (grpc.aio.server(options=server_options(65536)) for _ in range(2))
    bound = take_grpc_port(first, Listen("127.0.0.1", 0))
    await first.start()
    with pytest.raises(PortTakenError):
        take_grpc_port(second, bound)
    await first.stop(None)
